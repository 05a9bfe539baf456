"""Edits that people make every week, and that no rule may stand in the way of."""

from __future__ import annotations

from tests.policy.changes import Apply, Change, append, bad_copy, both, drop, new, put

D = "Deployment/inference-service"
BOX = "spec template spec containers 0"
DIGEST = "sha256:" + "ab" * 32


def _harmless(says: str, *steps: Apply) -> Change:
    return Change(says, "", both(*steps))


HARMLESS = [
    _harmless("a newer model server", put(D, f"{BOX} image", "inference:v1.2.3")),
    _harmless("the image by digest", put(D, f"{BOX} image", f"registry.example.com:5000/inference@{DIGEST}")),
    _harmless("a build of a release", put(D, f"{BOX} image", "inference:v1.2.3-cuda12.8")),
    _harmless(
        "nine replicas on more warm GPUs",
        put(D, "spec replicas", 9),
        *(put(f"gpu-node-pools-inference-{{location}}{zone}", "scalingConfig minSize", 5) for zone in "abc"),
    ),
    _harmless("more memory", put(D, f"{BOX} resources limits memory", "24Gi")),
    _harmless("a slower start", put(D, f"{BOX} startupProbe failureThreshold", 300)),
    _harmless("probed twice as often", put(D, f"{BOX} readinessProbe periodSeconds", 5)),
    _harmless("another label", put(D, "metadata labels team", "search")),
    _harmless(
        "a spread over hosts too",
        append(
            D,
            "spec template spec topologySpreadConstraints",
            {"maxSkew": 2, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"},
        ),
    ),
    _harmless("an environment variable", append(D, f"{BOX} env", {"name": "LOG_LEVEL", "value": "info"})),
    _harmless(
        "a scratch volume",
        append(D, "spec template spec volumes", {"name": "scratch", "emptyDir": {"sizeLimit": "2Gi"}}),
    ),
    _harmless(
        "the budget as unavailable pods",
        put(
            "PodDisruptionBudget/inference-pdb",
            "spec",
            {"maxUnavailable": 2, "selector": {"matchLabels": {"app": "inference"}}},
        ),
    ),
    _harmless("the budget in percent", put("PodDisruptionBudget/inference-pdb", "spec minAvailable", "50%")),
    _harmless("a higher peak", put("HorizontalPodAutoscaler/inference-service", "spec maxReplicas", 20)),
    _harmless(
        "more errors before ejection",
        put(
            "DestinationRule/inference-failover",
            "spec trafficPolicy outlierDetection consecutive5xxErrors",
            5,
        ),
    ),
    _harmless(
        "ejected for longer",
        put(
            "DestinationRule/inference-failover",
            "spec trafficPolicy outlierDetection baseEjectionTime",
            "120s",
        ),
    ),
    _harmless(
        "a rule without locality",
        new(
            "kubernetes:networking.istio.io/v1:DestinationRule",
            "tracking",
            {
                "kind": "DestinationRule",
                "metadata": {"name": "tracking", "namespace": "mlflow"},
                "spec": {"host": "mlflow"},
            },
        ),
    ),
    _harmless("a shorter TTL", put("global-dns-entry", "ttl", 15)),
    _harmless("two failures are enough", put("global-dns-health", "failureThreshold", 2)),
    _harmless("backups every five minutes", put("Schedule/ml-backup-rpo", "spec schedule", "*/5 * * * *")),
    _harmless("backups at other minutes", put("Schedule/ml-backup-rpo", "spec schedule", "3-59/10 * * * *")),
    _harmless("the daily backup at four", put("Schedule/ml-backup-daily", "spec schedule", "0 4 * * *")),
    _harmless("backups kept for longer", put("Schedule/ml-backup-daily", "spec template ttl", "2160h")),
    _harmless(
        "old versions kept for longer",
        put(
            "model-buckets-model-registry-lifecycle",
            "rules 0 noncurrentVersionExpiration noncurrentDays",
            365,
        ),
    ),
    _harmless("a tag on a bucket", put("model-buckets-velero", "tags cost-center", "ml")),
    _harmless("another office", append("cluster-eks", "vpcConfig publicAccessCidrs", "198.51.100.0/24")),
    _harmless(
        "a private API server",
        both(
            put("cluster-eks", "vpcConfig endpointPublicAccess", False),
            drop("cluster-eks", "vpcConfig publicAccessCidrs"),
        ),
    ),
    _harmless("a newer Kubernetes", put("cluster-eks", "version", "1.35")),
    _harmless(
        "one instance type more",
        append("gpu-node-pools-inference-{location}a", "instanceTypes", "g6e.8xlarge"),
    ),
    _harmless(
        "room for more nodes", put("gpu-node-pools-inference-{location}b", "scalingConfig maxSize", 12)
    ),
    _harmless(
        "larger disks",
        put("gpu-node-pools-inference-{location}a-template", "blockDeviceMappings 0 ebs volumeSize", 500),
    ),
    _harmless("a newer chart", put("addons-kube-prometheus-stack", "version", "88.0.1")),
    _harmless(
        "the alert waits longer", put("PrometheusRule/ml-ha-alerts", "spec groups 1 rules 0 for", "5m")
    ),
    _harmless(
        "an informative alert",
        append(
            "PrometheusRule/ml-ha-alerts",
            "spec groups 1 rules",
            {
                "alert": "BusyModels",
                "expr": "sum(rate(inference_requests_total[5m])) > 1000",
                "for": "10m",
                "labels": {"severity": "info"},
                "annotations": {"summary": "Many requests", "runbook": "nothing to do"},
            },
        ),
    ),
    _harmless(
        "a Role that reads",
        new(
            "kubernetes:rbac.authorization.k8s.io/v1:Role",
            "reader",
            {
                "kind": "Role",
                "metadata": {"name": "reader", "namespace": "mlflow"},
                "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
            },
        ),
    ),
    _harmless(
        "a namespace of another team",
        new(
            "kubernetes:core/v1:Namespace",
            "search",
            {
                "kind": "Namespace",
                "metadata": {
                    "name": "search",
                    "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
                },
            },
        ),
    ),
    _harmless(
        "a Secret of an application",
        new(
            "kubernetes:core/v1:Secret",
            "tracking",
            {
                "kind": "Secret",
                "metadata": {"name": "db", "namespace": "mlflow"},
                "stringData": {"password": "x"},
            },
        ),
    ),
    _harmless(
        "a record of something else",
        new(
            "aws:route53/record:Record",
            "docs",
            {"name": "docs.example.com", "type": "CNAME", "ttl": 3600, "records": ["docs.example.net"]},
        ),
    ),
    _harmless(
        "a role for one secret",
        new(
            "aws:iam/rolePolicy:RolePolicy",
            "reader",
            {
                "policy": '{"Statement": [{"Effect": "Allow", "Resource": "*", '
                '"Action": "secretsmanager:GetSecretValue"}]}',
                "role": "reader",
            },
        ),
    ),
    _harmless("a second copy in another place", bad_copy.bucket(location="NAM4")),
    _harmless("a job of another schedule", bad_copy.job("gcsDataSink", path="models/")),
    _harmless(
        "a reader of the copy",
        bad_copy.member("roles/storage.objectViewer", "serviceAccount:audit@example.iam.gserviceaccount.com"),
    ),
]
