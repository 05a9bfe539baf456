"""Monitors, probes and routing, as manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.alerting.args import (
    NAMESPACE,
    OWN_JOB,
    PEER_DOWN,
    PEER_JOB,
    PEER_RECOVERED,
    READY_MODULE,
    READY_PATH,
    RULES,
    STORAGE_JOB,
    TOKEN_KEY,
    TOKEN_SECRET,
    AlertingArgs,
    Peer,
)
from components.alerting.args import Probe as Target
from components.alerting.dashboard import config_map
from components.alerting.rules import prometheus_rule
from components.shared.labels import labels
from config.timings import PEER_GROUP_WAIT, PEER_PROBE
from config.types import duration_text

_MERGED_METRICS = "15020"
_API = "monitoring.coreos.com/v1"


def _metadata(args: AlertingArgs, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "labels": {**labels(name, "alerting"), "release": args.release},
    }


def service_monitor(
    args: AlertingArgs, name: str, namespace: str, selector: dict[str, str], endpoint: dict[str, Any]
) -> dict[str, Any]:
    """Scrape the Services of ``namespace`` that ``selector`` finds."""
    return {
        "apiVersion": _API,
        "kind": "ServiceMonitor",
        "metadata": _metadata(args, name),
        "spec": {
            "namespaceSelector": {"matchNames": [namespace]},
            "selector": {"matchLabels": selector},
            "endpoints": [{"interval": "15s", "scrapeTimeout": "10s", **endpoint}],
        },
    }


def inference_monitor(args: AlertingArgs) -> dict[str, Any]:
    """Job ``inference-service``: one target for each endpoint, read where the sidecar serves merged metrics.

    The service's own port speaks mTLS only (STRICT), and Prometheus is not in the mesh. 15020 is not taken
    in by the sidecar and carries server's and proxy's metrics alike, so no port needs an exception.
    Source: https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
    """
    endpoint = {
        "port": "http",
        "path": "/stats/prometheus",
        "relabelings": [
            {
                "action": "replace",
                "sourceLabels": ["__meta_kubernetes_pod_ip"],
                "regex": "(.+)",
                "replacement": f"$1:{_MERGED_METRICS}",
                "targetLabel": "__address__",
            }
        ],
    }
    return service_monitor(args, "inference-service", "ml-serving", {"app": "inference"}, endpoint)


def probe(args: AlertingArgs, job: str, target: Target, extra: Mapping[str, str]) -> dict[str, Any]:
    """A question that the blackbox exporter asks every 10 s, as Route 53 does; ``extra`` are labels."""
    name = "-".join([job, *extra.values()])
    return {
        "apiVersion": _API,
        "kind": "Probe",
        "metadata": _metadata(args, name),
        "spec": {
            "jobName": job,
            "interval": duration_text(PEER_PROBE),
            "scrapeTimeout": "8s",
            "module": target.module,
            "prober": {"url": args.prober},
            "targets": {"staticConfig": {"static": [target.url], "labels": dict(extra)}},
        },
    }


def gateway(host: str) -> Target:
    """A region's readiness, asked as a client would: through DNS, TLS and the gateway."""
    return Target(url=f"https://{host}{READY_PATH}", module=READY_MODULE)


def probes(args: AlertingArgs) -> dict[str, dict[str, Any]]:
    """Own gateway, model storage, and one probe for each peer, whose region is the label ``region``."""

    def of(peer: Peer) -> dict[str, Any]:
        return probe(args, PEER_JOB, gateway(peer.host), {"region": peer.region})

    return {
        OWN_JOB: probe(args, OWN_JOB, gateway(args.host), {}),
        STORAGE_JOB: probe(args, STORAGE_JOB, args.model_storage, {}),
        **{f"peer-{peer.region}": of(peer) for peer in args.peers},
    }


def _matcher(name: str, values: Sequence[str]) -> dict[str, str]:
    return {"name": name, "matchType": "=~", "value": "|".join(values)}


def routing(args: AlertingArgs) -> dict[str, Any]:
    """AlertmanagerConfig: what failover acts on goes to the event source, all of weight to people.

    One alert for each notification, since the Sensor reads the first one's labels. It is repeated while it
    holds: an event that was lost is made good, and the patch that it causes changes nothing twice.
    """
    acted_on = {
        "receiver": "failover",
        "matchers": [_matcher("alertname", [PEER_DOWN, PEER_RECOVERED])],
        "groupBy": ["alertname", "region"],
        "groupWait": duration_text(PEER_GROUP_WAIT),
        "groupInterval": "1m",
        "repeatInterval": "5m",
        "continue": True,
    }
    webhook = {
        "url": args.event_source_url,
        "sendResolved": True,
        "maxAlerts": 1,
        "httpConfig": {
            "followRedirects": False,
            "authorization": {
                "type": "Bearer",
                "credentials": {"name": TOKEN_SECRET, "key": TOKEN_KEY},
            },
        },
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": _metadata(args, RULES),
        "spec": {
            "route": {
                "receiver": "people",
                "groupBy": ["alertname", "region", "zone"],
                "groupWait": "10s",
                "groupInterval": "5m",
                "repeatInterval": "4h",
                "routes": [
                    acted_on,
                    {"receiver": "nobody", "matchers": [_matcher("severity", ["none", "info"])]},
                    {"receiver": "people", "matchers": [_matcher("alertname", [".+"])]},
                ],
            },
            "receivers": [
                {"name": "people", **args.receiver},
                {"name": "failover", "webhookConfigs": [webhook]},
                {"name": "nobody"},
            ],
        },
    }


def token_secret(args: AlertingArgs) -> dict[str, Any]:
    """Alertmanager's half of the token; the event source has its own copy in its namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": TOKEN_SECRET,
            "namespace": NAMESPACE,
            "labels": labels(TOKEN_SECRET, "alerting"),
        },
        "type": "Opaque",
        "stringData": {TOKEN_KEY: args.token},
    }


def manifests(args: AlertingArgs) -> Mapping[str, dict[str, Any]]:
    """All objects by the short name that they have in the stack."""
    istiod = {"port": "http-monitoring"}
    return {
        "token": token_secret(args),
        "rules": prometheus_rule(args),
        "monitor-inference": inference_monitor(args),
        "monitor-istiod": service_monitor(args, "istiod", "istio-system", {"app": "istiod"}, istiod),
        **{f"probe-{key}": manifest for key, manifest in probes(args).items()},
        "routing": routing(args),
        "dashboard": config_map(args),
    }
