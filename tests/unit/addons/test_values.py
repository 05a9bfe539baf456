"""Values of every release, against the keys that its chart publishes, and by what they must do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.addons.args import AddonsArgs
from components.addons.charts import Addon
from components.addons.desired import addons, in_order
from components.addons.namespaces import namespaces
from components.shared.labels import POOL_LABEL
from tests.unit.addons.given import ARGS

KEYS = Path(__file__).parent / "charts"
ADDONS = {addon.release: addon for addon in addons(ARGS)}


def published(addon: Addon) -> tuple[str, set[str]]:
    """The version that a list of keys was taken from, and the keys; ``.*`` ends a key that takes anything."""
    header, *keys = (KEYS / f"{addon.chart.name}.txt").read_text().splitlines()
    name, version = header.removeprefix("# ").split()
    assert name == addon.chart.name
    return version, set(keys)


def leaves(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path


def unknown(values: Mapping[str, Any], keys: set[str]) -> list[str]:
    """Paths in ``values`` that the chart does not have."""
    free = tuple(key.removesuffix("*") for key in keys if key.endswith(".*"))
    exact = {key.removesuffix(".*") for key in keys}
    return [path for path in leaves(values) if path not in exact and not path.startswith(free)]


@pytest.mark.parametrize("addon", ADDONS.values(), ids=ADDONS.keys())
class TestEveryRelease:
    def test_every_key_exists_in_the_chart(self, addon: Addon) -> None:
        version, keys = published(addon)
        assert version == addon.chart.version
        assert unknown(addon.values, keys) == []

    def test_a_key_that_the_chart_lacks_would_be_found(self, addon: Addon) -> None:
        _, keys = published(addon)
        assert unknown({**addon.values, "nonsuchKey": 1}, keys) == ["nonsuchKey"]

    def test_versions_and_images_do_not_move(self, addon: Addon) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+", addon.chart.version)
        assert addon.chart.repository.startswith("https://")
        assert "latest" not in json.dumps(addon.values)

    def test_no_secret_and_no_static_key_is_in_the_values(self, addon: Addon) -> None:
        assert not re.search(r"(secretAccessKey|accessKeyId|password|AKIA)", json.dumps(addon.values), re.I)

    def test_it_waits_only_for_releases_that_there_are(self, addon: Addon) -> None:
        assert set(addon.after) <= ADDONS.keys()


def wait_for(release: str) -> set[str]:
    direct = set(ADDONS[release].after)
    return direct.union(*(wait_for(name) for name in direct))


class TestOrder:
    def test_the_mesh_comes_up_from_its_ground(self) -> None:
        assert wait_for("istio-ingressgateway") == {"istiod", "istio-cni", "istio-base"}
        assert wait_for("istio-eastwestgateway") == {"istiod", "istio-cni", "istio-base"}

    def test_what_has_a_monitor_comes_after_the_kind(self) -> None:
        monitored = {
            release
            for release, addon in ADDONS.items()
            if release != "kube-prometheus-stack"
            and re.search(r'"(serviceMonitor|selfMonitor)": \{"enabled": true', json.dumps(addon.values))
        }
        assert {"velero", "argo-events", "dcgm-exporter", "prometheus-blackbox-exporter"} <= monitored
        assert all("kube-prometheus-stack" in wait_for(release) for release in monitored)

    def test_in_order_puts_each_after_its_needs(self) -> None:
        names = [addon.release for addon in in_order(list(reversed(addons(ARGS))))]
        assert len(names) == len(ADDONS)
        for addon in ADDONS.values():
            assert all(names.index(need) < names.index(addon.release) for need in addon.after)

    def test_a_circle_is_named(self) -> None:
        one = replace(ADDONS["velero"], after=("argo-events",))
        two = replace(ADDONS["argo-events"], after=("velero",))
        with pytest.raises(ValueError, match="velero, argo-events"):
            in_order([one, two])


class TestMesh:
    def test_istiod_knows_mesh_cluster_and_network(self) -> None:
        values = ADDONS["istiod"].values["global"]
        assert values["meshID"] == "standfast"
        assert values["network"] == "standfast-us-east"
        assert values["multiCluster"] == {"clusterName": "standfast-us-east"}

    @pytest.mark.parametrize(("zones", "least"), [(2, 2), (3, 3), (8, 3)])
    def test_control_plane_and_gateways_stand_in_more_than_one_zone(self, zones: int, least: int) -> None:
        args = replace(ARGS, zones=[f"us-east-1{chr(97 + n)}" for n in range(zones)])
        found = {addon.release: addon.values for addon in addons(args)}
        assert found["istiod"]["autoscaleMin"] == least
        assert found["istio-ingressgateway"]["autoscaling"]["minReplicas"] == least
        assert found["istio-eastwestgateway"]["autoscaling"]["minReplicas"] == least

    def test_gateways_have_no_service_of_the_chart(self) -> None:
        for release in ("istio-ingressgateway", "istio-eastwestgateway"):
            assert ADDONS[release].values["service"] == {"type": "None"}

    def test_only_the_east_west_gateway_speaks_for_the_network(self) -> None:
        assert ADDONS["istio-eastwestgateway"].values["networkGateway"] == "standfast-us-east"
        assert "networkGateway" not in ADDONS["istio-ingressgateway"].values

    def test_peers_cannot_be_read_for_secrets_and_are_not_waited_for(self) -> None:
        env = ADDONS["istiod"].values["env"]
        assert "PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER" not in env, "ends istiod once a peer has joined"
        assert env["PILOT_REMOTE_CLUSTER_TIMEOUT"] == "10s"
        assert ADDONS["istio-base"].values["global"]["enableReaderRBAC"] is False

    def test_nothing_leaves_the_mesh_undeclared(self) -> None:
        mesh = ADDONS["istiod"].values["meshConfig"]
        assert mesh["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
        assert mesh["trustDomain"] == "cluster.local"

    def test_pods_need_no_privileges_of_their_own(self) -> None:
        assert ADDONS["istiod"].values["cni"] == {"enabled": True}


class TestBackups:
    def test_no_credentials_and_no_location_come_from_the_chart(self) -> None:
        values = ADDONS["velero"].values
        assert values["credentials"] == {"useSecret": False}
        assert values["backupsEnabled"] is False
        assert values["snapshotsEnabled"] is False

    def test_volumes_reach_the_bucket(self) -> None:
        values = ADDONS["velero"].values
        assert values["configuration"]["features"] == "EnableCSI"
        assert values["configuration"]["defaultSnapshotMoveData"] is True
        assert values["deployNodeAgent"] is True

    def test_the_plugin_is_pinned(self) -> None:
        (plugin,) = ADDONS["velero"].values["initContainers"]
        assert re.fullmatch(r"velero/velero-plugin-for-aws:v\d+\.\d+\.\d+", plugin["image"])
        assert plugin["volumeMounts"] == [{"mountPath": "/target", "name": "plugins"}]


class TestMonitoring:
    def test_rules_and_monitors_of_other_components_are_taken(self) -> None:
        spec = ADDONS["kube-prometheus-stack"].values["prometheus"]["prometheusSpec"]
        for kind in ("rule", "serviceMonitor", "podMonitor", "probe"):
            assert spec[f"{kind}SelectorNilUsesHelmValues"] is False

    def test_routes_take_alerts_of_any_namespace(self) -> None:
        spec = ADDONS["kube-prometheus-stack"].values["alertmanager"]["alertmanagerSpec"]
        assert spec["alertmanagerConfigMatcherStrategy"] == {"type": "None"}

    def test_metrics_know_the_zone_of_a_node(self) -> None:
        nodes, _ = ADDONS["kube-prometheus-stack"].values["kube-state-metrics"]["metricLabelsAllowlist"]
        assert "topology.kubernetes.io/zone" in nodes

    def test_probes_verify_the_certificate(self) -> None:
        modules = ADDONS["prometheus-blackbox-exporter"].values["config"]["modules"]
        assert modules["https_ready"]["http"]["valid_status_codes"] == [200]
        for module in modules.values():
            assert module["http"]["fail_if_not_ssl"] is True
            assert "tls_config" not in module["http"]


class TestNodes:
    @pytest.mark.parametrize("release", ["nvidia-device-plugin", "dcgm-exporter"])
    def test_gpu_daemons_run_on_gpu_nodes_and_only_there(self, release: str) -> None:
        values = ADDONS[release].values
        (term,) = values["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        assert term["matchExpressions"] == [
            {"key": POOL_LABEL, "operator": "In", "values": ["batch", "inference"]}
        ]
        assert values["tolerations"] == [
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
        ]

    def test_a_lost_zone_does_not_stop_the_autoscaler(self) -> None:
        args = ADDONS["cluster-autoscaler"].values["extraArgs"]
        assert args["max-total-unready-percentage"] == 100
        assert args["balance-similar-node-groups"] is True

    def test_the_autoscaler_speaks_the_clusters_version(self) -> None:
        assert ADDONS["cluster-autoscaler"].values["image"]["tag"] == "v1.34.0"

    def test_only_the_spread_is_descheduled_and_only_in_serving(self) -> None:
        values = ADDONS["descheduler"].values
        (profile,) = values["deschedulerPolicy"]["profiles"]
        plugin = "RemovePodsViolatingTopologySpreadConstraint"
        assert profile["plugins"] == {"balance": {"enabled": [plugin]}}
        arguments = {config["name"]: config["args"] for config in profile["pluginConfig"]}
        assert arguments[plugin]["namespaces"] == {"include": ["ml-serving"]}
        assert arguments[plugin]["constraints"] == ["DoNotSchedule", "ScheduleAnyway"]
        assert values["kind"] == "Deployment"
        assert values["deschedulingInterval"] == "1m"

    def test_sidecars_do_not_protect_pods_from_being_moved(self) -> None:
        (profile,) = ADDONS["descheduler"].values["deschedulerPolicy"]["profiles"]
        evictor = next(c["args"] for c in profile["pluginConfig"] if c["name"] == "DefaultEvictor")
        assert evictor["podProtections"]["defaultDisabled"] == ["PodsWithLocalStorage"]
        assert evictor["nodeFit"] is True


class TestNamespaces:
    def test_all_that_releases_need_are_there(self) -> None:
        made = namespaces("n").keys() | {"kube-system"}
        assert {addon.namespace for addon in ADDONS.values()} <= made
        assert {"mlflow", "ml-training"} <= made

    def test_the_network_label_is_on_the_control_planes_namespace_alone(self) -> None:
        labelled = {
            name: manifest["metadata"]["labels"].get("topology.istio.io/network")
            for name, manifest in namespaces("standfast-eu-west").items()
        }
        assert labelled.pop("istio-system") == "standfast-eu-west"
        assert set(labelled.values()) == {None}

    @pytest.mark.parametrize("name", namespaces("n"))
    def test_each_enforces_a_level(self, name: str) -> None:
        labels = namespaces("n")[name]["metadata"]["labels"]
        privileged = {"velero", "monitoring"}
        enforced = labels["pod-security.kubernetes.io/enforce"]
        assert enforced in {"baseline", "restricted"} or name in privileged


def test_args_of_another_region_change_only_what_is_its_own() -> None:
    other: AddonsArgs = replace(
        ARGS,
        region="eu-west",
        location="eu-west-1",
        zones=["eu-west-1a", "eu-west-1b", "eu-west-1c"],
        cluster_name="standfast-eu-west",
        network="standfast-eu-west",
    )
    ours = json.dumps([addon.values for addon in addons(ARGS)], sort_keys=True)
    theirs = json.dumps([addon.values for addon in addons(other)], sort_keys=True)
    assert theirs == ours.replace("us-east-1", "eu-west-1").replace("us-east", "eu-west")
