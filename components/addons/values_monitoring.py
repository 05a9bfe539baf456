"""Values of the charts that watch: Prometheus, Alertmanager, Grafana, and the blackbox exporter."""

from __future__ import annotations

from typing import Any

from components.addons.args import ARGO_EVENTS, MONITORING, AddonsArgs
from components.addons.placement import CRITICAL, resources, spread
from components.shared.labels import POOL_LABEL, REGION_LABEL, ZONE_LABEL

SELECTED = {"app.kubernetes.io/part-of": "standfast"}
"""Labels by which Alertmanager takes an AlertmanagerConfig."""

READY_MODULE = "https_ready"
"""The blackbox module for a URL that must answer 200 over TLS with a certificate that verifies."""
STORAGE_MODULE = "storage_reachable"
"""The one for an object store that must answer: a refusal for want of credentials is an answer too."""


def _volume(storage_class: str, size: str) -> dict[str, Any]:
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": storage_class,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": size}},
            }
        }
    }


def _prometheus(args: AddonsArgs, storage_class: str) -> dict[str, Any]:
    # By default only what the release itself made is selected, and rules of other components do nothing.
    everything = {
        f"{kind}SelectorNilUsesHelmValues": False
        for kind in ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    }
    return {
        **everything,
        "replicas": 2,
        "retention": "15d",
        "retentionSize": "40GiB",
        "scrapeInterval": "15s",
        "evaluationInterval": "15s",
        # `region` is what a Sensor reads off an alert: alerts about a peer set it themselves.
        "externalLabels": {"cluster": args.cluster_name, "region": args.region},
        "resources": resources("250m", "2Gi"),
        "storageSpec": _volume(storage_class, "50Gi"),
        "podAntiAffinity": "hard",
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus"}),
        "priorityClassName": CRITICAL,
    }


def _alertmanager() -> dict[str, Any]:
    return {
        "replicas": 2,
        "alertmanagerConfigSelector": {"matchLabels": SELECTED},
        "alertmanagerConfigNamespaceSelector": {
            "matchExpressions": [
                {
                    "key": "kubernetes.io/metadata.name",
                    "operator": "In",
                    "values": [ARGO_EVENTS, MONITORING],
                }
            ]
        },
        # Otherwise a route takes only alerts whose namespace label is its own namespace.
        "alertmanagerConfigMatcherStrategy": {"type": "None"},
        "resources": resources("50m", "128Mi"),
        "podAntiAffinity": "hard",
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "alertmanager"}),
        "priorityClassName": CRITICAL,
    }


def prometheus_stack(args: AddonsArgs, storage_class: str) -> dict[str, Any]:
    """Two Prometheus and two Alertmanagers on different nodes; what EKS hides is not scraped."""
    hidden = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy")
    return {
        "crds": {"enabled": True},
        **{component: {"enabled": False} for component in hidden},
        "prometheus": {"prometheusSpec": _prometheus(args, storage_class)},
        "alertmanager": {
            "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
            "alertmanagerSpec": _alertmanager(),
        },
        "prometheusOperator": {"resources": resources("100m", "256Mi")},
        "grafana": {
            "enabled": True,
            "sidecar": {
                "dashboards": {"enabled": True, "label": "grafana_dashboard", "searchNamespace": "ALL"}
            },
        },
        # Without these labels the metrics know no zone, and the loss of one cannot be told.
        "kube-state-metrics": {
            "metricLabelsAllowlist": [
                f"nodes=[{ZONE_LABEL},{REGION_LABEL},{POOL_LABEL},eks.amazonaws.com/nodegroup]",
                "pods=[app]",
            ]
        },
    }


def _http(prober: dict[str, Any]) -> dict[str, Any]:
    return {
        "prober": "http",
        "timeout": "5s",
        "http": {
            "valid_http_versions": ["HTTP/1.1", "HTTP/2.0"],
            "follow_redirects": False,
            "fail_if_not_ssl": True,
            "preferred_ip_protocol": "ip4",
            **prober,
        },
    }


def blackbox_exporter() -> dict[str, Any]:
    """Two probers, which ask as a client would: from outside of the mesh, over TLS that must verify."""
    return {
        "replicas": 2,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "resources": resources("50m", "64Mi"),
        "priorityClassName": CRITICAL,
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus-blackbox-exporter"}),
        "config": {
            "modules": {
                READY_MODULE: _http({"method": "GET", "valid_status_codes": [200]}),
                STORAGE_MODULE: _http({"method": "HEAD", "valid_status_codes": [200, 403]}),
            }
        },
        "serviceMonitor": {"selfMonitor": {"enabled": True}},
    }
