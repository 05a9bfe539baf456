"""Registers the inference service."""

from __future__ import annotations

import pulumi

from components.inference.args import NAMESPACE, SERVICE, InferenceArgs
from components.inference.desired import manifests
from components.inference.workload import load_seconds, loads, progress_deadline_seconds
from components.shared.manifests import register


class Inference(pulumi.ComponentResource):
    """``inference-service`` with all that belongs to it, in a namespace of its own.

    The number of replicas belongs to the HPA, and the HPA's floor to failover: `up` sets both once and then
    leaves them alone, or it would take a region back to its steady size while its peer is down. A changed
    ``replicas`` reaches the floor through the failback Sensor, which carries the steady size.
    """

    namespace: pulumi.Output[str]
    service_name: pulumi.Output[str]

    def __init__(self, name: str, args: InferenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:inference:Inference", name, None, opts)
        objects = dict(manifests(args))
        namespace = register(
            f"{name}-namespace", objects.pop("namespace"), pulumi.ResourceOptions(parent=self)
        )
        deployment = objects.pop("deployment")
        autoscaler = objects.pop("autoscaler")
        within = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        claims = {key: objects.pop(key) for key in list(objects) if key.startswith("claim")}
        around = {key: register(f"{name}-{key}", manifest, within) for key, manifest in objects.items()}
        # Where the binding controller meets a claim before its volume, it looks again 15 s later: its
        # pvclaimbinder-sync-period.
        # https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
        for key, claim in claims.items():
            volume = around[key.replace("claim", "volume")]
            around[key] = register(
                f"{name}-{key}", claim, pulumi.ResourceOptions(parent=self, depends_on=[namespace, volume])
            )
        # The first pod waits for a node and loads the models; the others do so at the same time.
        deadline = progress_deadline_seconds(args.model_size, loads(args))
        rollout = f"{deadline + load_seconds(args.model_size)}s"
        workload = register(
            f"{name}-deployment",
            deployment,
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[namespace, *around.values()],
                ignore_changes=["spec.replicas"],
                custom_timeouts=pulumi.CustomTimeouts(create=rollout, update=rollout, delete="10m"),
            ),
        )
        register(
            f"{name}-autoscaler",
            autoscaler,
            pulumi.ResourceOptions(parent=self, depends_on=[workload], ignore_changes=["spec.minReplicas"]),
        )
        self.namespace = pulumi.Output.from_input(NAMESPACE)
        self.service_name = pulumi.Output.from_input(SERVICE)
        self.register_outputs({"namespace": self.namespace, "service_name": self.service_name})
