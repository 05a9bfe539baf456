"""Mistakes in failing over: mesh, DNS, backups, alerts and what acts on them."""

from __future__ import annotations

from dataclasses import replace

from policy.promises.model import Region
from tests.policy.changes import Change, append, both, drop, gone, new, put, swap
from tests.policy.stacks import Draft

RULE = "DestinationRule/inference-failover"
OUTLIER = "spec trafficPolicy outlierDetection"
FAILOVER = "spec trafficPolicy loadBalancer localityLbSetting failover"
CHECK = "global-dns-health"
ENTRY = "global-dns-entry"
SENSOR = "Sensor/failover-trigger"
ALERTS = "PrometheusRule/ml-ha-alerts"
ROUTES = "AlertmanagerConfig/ml-ha-alerts"
RPO, DAILY = "Schedule/ml-backup-rpo", "Schedule/ml-backup-daily"


def _itself(draft: Draft) -> None:
    region = draft.promise.regions[draft.region]
    itself = Region(region.location, draft.region)
    draft.promise = replace(draft.promise, regions={**draft.promise.regions, draft.region: itself})


def _unknown_region(draft: Draft) -> None:
    region = draft.promise.regions[draft.region]
    nowhere = Region(region.location, "us-west")
    draft.promise = replace(draft.promise, regions={**draft.promise.regions, draft.region: nowhere})


BAD = [
    Change("no outlier detection", "outlier-detection", drop(RULE, OUTLIER)),
    Change("the lesson's 50 %", "outlier-detection", put(RULE, f"{OUTLIER} maxEjectionPercent", 50)),
    Change("Envoy's own 10 %", "outlier-detection", drop(RULE, f"{OUTLIER} maxEjectionPercent")),
    Change("the lesson's 10 s", "outlier-detection", put(RULE, f"{OUTLIER} interval", "10s")),
    Change(
        "dead hosts come back in a panic", "outlier-detection", put(RULE, f"{OUTLIER} minHealthPercent", 50)
    ),
    Change("no error counts", "outlier-detection", put(RULE, f"{OUTLIER} consecutive5xxErrors", 0)),
    Change("the lesson's us-west1", "failover-target", put(RULE, f"{FAILOVER} 0 to", "us-west-1")),
    Change(
        "a region fails over to itself",
        "failover-target",
        put(
            RULE,
            FAILOVER,
            [{"from": "us-east-1", "to": "us-east-1"}, {"from": "eu-west-1", "to": "us-east-1"}],
        ),
    ),
    Change("a pair is missing", "failover-target", drop(RULE, f"{FAILOVER} 0")),
    Change("the index says: to itself", "failover-target", _itself),
    Change("the index names no region", "failover-target", _unknown_region),
    Change(
        "the Sensor waits for its own region",
        "failover-target",
        put(SENSOR, "spec dependencies 0 filters data 2 value", ["^{region}$"]),
    ),
    Change(
        "the mesh is permissive",
        "mtls-strict",
        put("PeerAuthentication/default", "spec mtls mode", "PERMISSIVE"),
    ),
    Change("no mesh-wide rule", "mtls-strict", gone("PeerAuthentication/default")),
    Change(
        "one port in plain text",
        "mtls-strict",
        new(
            "kubernetes:security.istio.io/v1:PeerAuthentication",
            "metrics",
            {
                "kind": "PeerAuthentication",
                "metadata": {"name": "metrics", "namespace": "ml-serving"},
                "spec": {
                    "selector": {"matchLabels": {"app": "inference"}},
                    "portLevelMtls": {"8080": {"mode": "DISABLE"}},
                },
            },
        ),
    ),
    Change(
        "clients told to speak plain", "mtls-strict", put(RULE, "spec trafficPolicy tls", {"mode": "DISABLE"})
    ),
    Change("no default deny", "mesh-callers-named", gone("AuthorizationPolicy/default-deny")),
    Change(
        "anybody may call",
        "mesh-callers-named",
        drop("AuthorizationPolicy/inference-callers", "spec rules 0 from"),
    ),
    Change(
        "any principal may call",
        "mesh-callers-named",
        put("AuthorizationPolicy/inference-callers", "spec rules 0 from 0 source principals", ["*"]),
    ),
    Change("the entry has no health check", "dns-health-checked", drop(ENTRY, "healthCheckId")),
    Change(
        "the entry is one plain record",
        "dns-health-checked",
        both(drop(ENTRY, "latencyRoutingPolicies"), drop(ENTRY, "healthCheckId")),
    ),
    Change("the entry has no identifier", "dns-health-checked", drop(ENTRY, "setIdentifier")),
    Change("asked every 30 s", "dns-health-check-quick", put(CHECK, "requestInterval", 30)),
    Change("ten failures in a row", "dns-health-check-quick", put(CHECK, "failureThreshold", 10)),
    Change("asked by TCP", "dns-health-check-quick", put(CHECK, "type", "TCP")),
    Change("asked for the front page", "dns-health-check-quick", put(CHECK, "resourcePath", "/")),
    Change("the check left inverted", "dns-health-check-quick", put(CHECK, "invertHealthcheck", True)),
    Change("remembered for five minutes", "dns-ttl-within-budget", put(ENTRY, "ttl", 300)),
    Change(
        "the region's own name for a minute", "dns-ttl-within-budget", put("global-dns-region", "ttl", 60)
    ),
    Change("backups every hour", "backup-within-rpo", put(RPO, "spec schedule", "0 * * * *")),
    Change("only the daily backup", "backup-within-rpo", gone(RPO)),
    Change("backups paused", "backup-within-rpo", put(RPO, "spec paused", True)),
    Change(
        "a namespace left out",
        "backup-within-rpo",
        put(RPO, "spec template includedNamespaces", ["ml-serving"]),
    ),
    Change(
        "the lesson's six hours",
        "backup-within-rpo",
        put("CronJob/model-registry-backup", "spec schedule", "0 */6 * * *"),
    ),
    Change(
        "the registry's backup suspended",
        "backup-within-rpo",
        put("CronJob/model-registry-backup", "spec suspend", True),
    ),
    Change("no schedule at all", "backup-within-rpo", both(gone(RPO), gone(DAILY))),
    Change(
        "claims without volumes",
        "backup-volumes-travel",
        put(RPO, "spec template includedResources", ["persistentvolumeclaims", "configmaps", "secrets"]),
    ),
    Change("snapshots stay here", "backup-volumes-travel", drop(RPO, "spec template snapshotMoveData")),
    Change(
        "volumes by name only", "backup-volumes-travel", put(DAILY, "spec template snapshotVolumes", False)
    ),
    Change(
        "backups stay in this region",
        "backup-location-elsewhere",
        gone("model-buckets-velero-replication"),
    ),
    Change(
        "no sight of the peer's backups", "backup-location-elsewhere", gone("BackupStorageLocation/{peer}")
    ),
    Change(
        "the peer's backups may be overwritten",
        "backup-location-elsewhere",
        put("BackupStorageLocation/{peer}", "spec accessMode", "ReadWrite"),
    ),
    Change(
        "a bucket that is none of ours",
        "backup-location-elsewhere",
        put("BackupStorageLocation/default", "spec objectStorage bucket", "my-test-bucket"),
    ),
    Change(
        "no default location",
        "backup-location-elsewhere",
        put("BackupStorageLocation/default", "spec default", False),
    ),
    Change("rights by *", "rbac-no-wildcards", put("Role/failover", "rules 0 verbs", ["*"])),
    Change(
        "every resource",
        "rbac-no-wildcards",
        put("ClusterRole/standfast-mesh-reader", "rules 0 resources", ["*"]),
    ),
    Change(
        "cluster-admin", "rbac-no-wildcards", put("RoleBinding/failover", "roleRef name", "cluster-admin")
    ),
    Change("may impersonate", "rbac-no-wildcards", append("Role/failover", "rules 0 verbs", "impersonate")),
    Change("any HPA", "sensor-least-privilege", drop("Role/failover", "rules 0 resourceNames")),
    Change("may delete", "sensor-least-privilege", append("Role/failover", "rules 1 verbs", "delete")),
    Change(
        "the default account",
        "sensor-least-privilege",
        drop(SENSOR, "spec template serviceAccountName"),
    ),
    Change(
        "rights in every namespace",
        "sensor-least-privilege",
        put(
            "ClusterRoleBinding/standfast-mesh-reader",
            "subjects",
            [{"kind": "ServiceAccount", "name": "failover", "namespace": "argo-events"}],
        ),
    ),
    Change(
        "a webhook for all",
        "event-source-authenticated",
        drop("EventSource/prometheus-alerts", "spec webhook inference-down authSecret"),
    ),
    Change("every pod reaches it", "event-source-authenticated", gone("NetworkPolicy/prometheus-alerts")),
    Change(
        "from anywhere",
        "event-source-authenticated",
        drop("NetworkPolicy/prometheus-alerts", "spec ingress 0 from"),
    ),
    Change(
        "Alertmanager sends without token",
        "event-source-authenticated",
        drop(ROUTES, "spec receivers 1 webhookConfigs 0 httpConfig authorization"),
    ),
    Change(
        "the lesson's alerts[0]",
        "sensors-wired",
        put(SENSOR, "spec triggers 1 template k8s parameters 0 src dataKey", "body.alerts[0].labels.region"),
    ),
    Change(
        "an event nobody sends",
        "sensors-wired",
        put(SENSOR, "spec dependencies 0 eventName", "inference-gone"),
    ),
    Change("no bus", "sensors-wired", gone("EventBus/default")),
    Change("acts on every event", "sensors-wired", drop(SENSOR, "spec dependencies 0 filters")),
    Change(
        "patches where nothing is",
        "sensors-wired",
        drop(SENSOR, "spec triggers 0 template k8s source resource metadata namespace"),
    ),
    Change(
        "an alert without summary",
        "alerts-complete",
        drop(ALERTS, "spec groups 1 rules 0 annotations summary"),
    ),
    Change(
        "an alert without runbook",
        "alerts-complete",
        drop(ALERTS, "spec groups 1 rules 1 annotations runbook"),
    ),
    Change(
        "an alert without severity", "alerts-complete", drop(ALERTS, "spec groups 2 rules 0 labels severity")
    ),
    Change("an alert that flaps", "alerts-complete", drop(ALERTS, "spec groups 2 rules 0 for")),
    Change(
        "a runbook that is not there",
        "alerts-complete",
        put(ALERTS, "spec groups 1 rules 0 labels runbook", "old-runbook"),
    ),
    Change(
        "the lesson's count by zone",
        "alerts-can-fire",
        put(
            ALERTS,
            "spec groups 1 rules 1 expr",
            'count(kube_node_status_condition{condition="Ready",status="true"})'
            " by (topology_kubernetes_io_zone) < 1",
        ),
    ),
    Change(
        "the lesson's sum of up",
        "alerts-can-fire",
        put(ALERTS, "spec groups 1 rules 0 expr", 'sum(up{job="inference-service"}) < 2'),
    ),
    Change(
        "the lesson's probe",
        "alerts-can-fire",
        put(ALERTS, "spec groups 1 rules 5 expr", 'probe_success{job="model-storage-probe"} == 0'),
    ),
    Change("nobody is told", "alerts-routed", gone(ROUTES)),
    Change("people's receiver is empty", "alerts-routed", drop(ROUTES, "spec receivers 0 snsConfigs")),
    Change(
        "failover's alert goes to people only",
        "alerts-routed",
        drop(ROUTES, "spec route routes 0"),
    ),
    Change(
        "the matcher has a typing error",
        "alerts-routed",
        swap(ROUTES, "spec route routes 0 matchers 0 value", "PeerRegionDown", "PeerRegionDwon"),
    ),
    Change("failover's route ends there", "alerts-routed", drop(ROUTES, "spec route routes 0 continue")),
    Change("an alarm that tells nobody", "alarms-notify", put("global-dns-unhealthy", "alarmActions", [])),
    Change(
        "silence is health", "alarms-notify", put("global-dns-unhealthy", "treatMissingData", "notBreaching")
    ),
    Change("metrics that are elsewhere", "alarms-notify", put("global-dns-unhealthy", "region", "eu-west-1")),
]
