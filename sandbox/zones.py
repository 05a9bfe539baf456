"""The kubelets of a region: one KWOK process for each zone, so that a zone can stop answering by itself.

KWOK (https://kwok.sigs.k8s.io) keeps the nodes it is told to manage Ready, renews their leases, and moves
their pods through the life that a kubelet would give them.
"""

from __future__ import annotations

import ipaddress
import math
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml

from sandbox.control_plane import ClusterAccess
from sandbox.errors import SandboxError
from sandbox.host import Command, Host
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.pods import selection
from sandbox.processes import Processes
from sandbox.tools import Tools

ZONE_LABEL = "topology.kubernetes.io/zone"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
STOP_SECONDS = 5.0
# Benchmarking addresses (RFC 2544): no machine routes them, so a pod's address means nothing elsewhere.
POD_RANGE = ipaddress.ip_network("198.18.0.0/15")
_STAGE_FILES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)


def pod_blocks(regions: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
    """A block of pod addresses for each (region, zone): a /20, or smaller when more than 32 zones share them.

    Zones keep their order, so that the same regions always get the same blocks.
    """
    zones = [(region, zone) for region, names in regions.items() for zone in names]
    bits = max(5, math.ceil(math.log2(max(1, len(zones)))))
    blocks = POD_RANGE.subnets(prefixlen_diff=bits)
    return {zone: str(block) for zone, block in zip(zones, blocks, strict=False)}


def returning_stage() -> dict[str, Any]:
    """A pod whose node was gone for a while becomes ready again once the node answers.

    KWOK's own stages make a pod ready only when it starts. A kubelet that returns writes the status of its
    pods anew, which undoes what the node lifecycle controller marked (Ready=False on a NotReady node).
    """
    selected = [
        {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
        {"key": ".status.phase", "operator": "In", "values": ["Running"]},
        {
            "key": '.status.conditions.[] | select( .type == "Ready" ) | .status',
            "operator": "NotIn",
            "values": ["True"],
        },
        {"key": ".metadata.ownerReferences.[].kind", "operator": "NotIn", "values": ["Job"]},
    ]
    conditions = "\n".join(
        f'- lastTransitionTime: {{{{ $now | Quote }}}}\n  status: "True"\n  type: {name}'
        for name in ("Ready", "ContainersReady")
    )
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": "pod-ready-again"},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {"matchExpressions": selected},
            "next": {"statusTemplate": f"{{{{ $now := Now }}}}\nconditions:\n{conditions}\n"},
        },
    }


def stage_documents(folder: Path, *, probed: bool = False) -> list[dict[str, Any]]:
    """KWOK's stages from its module, and ours. `folder` is `stage` of the kubernetes unit of the tools.

    With `probed`, pods that really answer are only started: their probes say whether they are ready.
    """
    documents = [yaml.safe_load((folder / name).read_text()) for name in _STAGE_FILES]
    documents.append(returning_stage())
    if not probed:
        return documents
    ready = next(document for document in documents if document["metadata"]["name"] == "pod-ready")
    started = _started_stage(ready)
    for document in documents:
        if document["metadata"]["name"] in {"pod-ready", "pod-ready-again"}:
            document["spec"]["selector"]["matchExpressions"].append(_answering("NotIn"))
    return [*documents, started]


def _answering(operator: str) -> dict[str, Any]:
    return {"key": selection.KEY, "operator": operator, "values": [selection.VALUE]}


def _started_stage(ready: Mapping[str, Any]) -> dict[str, Any]:
    """As KWOK's stage for a pod that starts, but the containers run and are not ready yet."""
    template = str(ready["spec"]["next"]["statusTemplate"])
    for name in ("Ready", "ContainersReady"):
        template = template.replace(f'status: "True"\n  type: {name}\n', f'status: "False"\n  type: {name}\n')
    containers, initial = template.split("initContainerStatuses:")
    template = containers.replace("ready: true", "ready: false\n  started: false") + (
        f"initContainerStatuses:{initial}"
    )
    selector = ready["spec"]["selector"]["matchExpressions"]
    return {
        **ready,
        "metadata": {"name": "pod-started"},
        "spec": {
            **ready["spec"],
            "selector": {"matchExpressions": [*selector, _answering("In")]},
            "next": {"statusTemplate": template},
        },
    }


class Zones:
    """The KWOK processes of one region. Every method can be called again."""

    def __init__(self, access: ClusterAccess, paths: SandboxPaths, host: Host, tools: Tools) -> None:
        self._access = access
        self._paths = paths
        self._host = host
        self._tools = tools
        self._processes = Processes(paths)

    def start_all(self, blocks: Mapping[str, str]) -> None:
        """Start a KWOK for each zone that has none. `blocks`: zone → CIDR of its pods' addresses.

        Where pods answer by themselves (`answering_file`) they are left to their probes; a KWOK that does
        otherwise starts anew.
        """
        probed = answering_file(self._paths).exists()
        folder = self._paths.region(self._access.region)
        stages = folder / ("stages-probed.yaml" if probed else "stages.yaml")
        documents = stage_documents(self._tools.folder("kubernetes") / "stage", probed=probed)
        write_atomic(stages, yaml.safe_dump_all(documents, sort_keys=False))
        for zone, block in blocks.items():
            name = process_name(self._access.region, zone)
            argv = self._argv(zone, block, stages)
            record, running = self._processes.record(name), self._processes.find(name)
            if running is not None and record is not None and record.argv == tuple(argv):
                # A drill that was killed may have left it stopped.
                running.send_signal(signal.SIGCONT)
            else:
                self._processes.stop(name)
                self._free_nodes(zone)
                self._host.start(Command(name=name, argv=argv))

    def _free_nodes(self, zone: str) -> None:
        """Nodes of a KWOK that has ended belong to nobody: the next one need not wait for their leases' end.

        It would wait for 40 s and more, in which nodes of a living zone fall silent.
        https://kubernetes.io/docs/concepts/architecture/leases/#node-heartbeats
        """
        api = self._access.api()
        for node in api.get(f"/api/v1/nodes?labelSelector={ZONE_LABEL}%3D{zone}")["items"]:
            lease = f"{_LEASES}/{node['metadata']['name']}"
            if api.find(lease) is not None:
                nobody = {"spec": {"holderIdentity": None}}
                api.call("PATCH", lease, nobody, content_type="application/merge-patch+json")

    def _argv(self, zone: str, block: str, stages: Path) -> list[str]:
        network = ipaddress.ip_network(block)
        return [
            str(self._tools.program("kwok")),
            f"--kubeconfig={self._access.kubeconfig}",
            f"--config={stages}",
            f"--manage-nodes-with-label-selector={ZONE_LABEL}={zone}",
            f"--cidr={block}",
            f"--node-ip={network.broadcast_address - 1}",
            # The kubelet's own default: https://kubernetes.io/docs/concepts/architecture/leases/
            "--node-lease-duration-seconds=40",
        ]


def process_name(region: str, zone: str) -> str:
    return f"kwok-{region}-{zone}"


def pods_name(region: str, zone: str) -> str:
    """The process that answers for the pods of a zone, where the network is attached."""
    return f"pods-{region}-{zone}"


def answering_file(paths: SandboxPaths) -> Path:
    """Is there while pods of inference-service answer by themselves."""
    return paths.root / "network" / "pods-answer"


def stop_zone(paths: SandboxPaths, region: str, zone: str) -> None:
    """The nodes of a zone stop answering, without a goodbye. Stopping one that is stopped changes nothing.

    Returns once the kernel has stopped the processes: what is measured from here on is measured without them.
    """
    _checked(paths, region, zone)
    freeze_zone(paths, region, zone, frozen=True)


def start_zone(paths: SandboxPaths, region: str, zone: str) -> None:
    """The nodes of a zone answer again."""
    _checked(paths, region, zone)
    freeze_zone(paths, region, zone, frozen=False)


def freeze_zone(paths: SandboxPaths, region: str, zone: str, *, frozen: bool) -> None:
    """Stop or continue what speaks for a zone's nodes and pods, as far as it runs."""
    processes = Processes(paths)
    number = signal.SIGSTOP if frozen else signal.SIGCONT
    for name in (process_name(region, zone), pods_name(region, zone)):
        process = processes.find(name)
        if process is None:
            continue
        process.send_signal(number)
        deadline = time.monotonic() + STOP_SECONDS
        while _is_stopped(process) is not frozen:
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"{name} does not {'stop' if frozen else 'go on'}",
                    where=str(paths.log(name)),
                    remedy="see `standfast sandbox status`, and try again",
                )
            time.sleep(0.01)


def stopped_zones(paths: SandboxPaths, region: str, zones: Iterable[str]) -> list[str]:
    """Those zones whose KWOK is stopped by a signal."""
    processes = Processes(paths)
    found = {zone: processes.find(process_name(region, zone)) for zone in zones}
    return [zone for zone, process in found.items() if process is not None and _is_stopped(process)]


def _is_stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def _checked(paths: SandboxPaths, region: str, zone: str) -> None:
    if Processes(paths).record(process_name(region, zone)) is None:
        prefix = process_name(region, "")
        known = sorted(path.stem.removeprefix(prefix) for path in paths.records.glob(f"{prefix}*.json"))
        raise SandboxError(
            f"the sandbox has no zone {zone!r} in {region!r}",
            remedy=f"its zones there: {', '.join(known) or 'none'}",
        )
