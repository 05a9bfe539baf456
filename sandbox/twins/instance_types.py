"""What a Kubernetes node of an EC2 instance type offers.

Stands in for EKS's bootstrap of a node: https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-
type.html for the pods, https://github.com/awslabs/amazon-eks-ami (nodeadm, "kubelet defaults") for what is
reserved. GPUs are those that NVIDIA's device plugin would report, which has no kubelet to report to here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_PODS_SMALL = 110
MOST_PODS_LARGE = 250
_LARGE_CPUS = 30
# Reserved share of each core: 6 % of the first, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest.
_RESERVED_MILLICPU = (60, 10, 5, 5)
_RESERVED_REST = 2.5
_EVICTION_MIB = 100


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """cpus: vCPUs; memory: MiB; gpus: how many, and of which kind; pods: the most that fit."""

    name: str
    cpus: int
    memory: int
    gpus: int = 0
    architecture: str = "amd64"
    pods: int = MOST_PODS_SMALL

    @classmethod
    def parse(cls, info: Mapping[str, Any]) -> InstanceType:
        """From one item of EC2's DescribeInstanceTypes."""
        cpus = int(info["VCpuInfo"]["DefaultVCpus"])
        network = info.get("NetworkInfo", {})
        interfaces = int(network.get("MaximumNetworkInterfaces", 0))
        addresses = int(network.get("Ipv4AddressesPerInterface", 0))
        most = MOST_PODS_SMALL if cpus < _LARGE_CPUS else MOST_PODS_LARGE
        by_network = interfaces * (addresses - 1) + 2
        architectures = info.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
        return cls(
            name=info["InstanceType"],
            cpus=cpus,
            memory=int(info["MemoryInfo"]["SizeInMiB"]),
            gpus=sum(int(gpu["Count"]) for gpu in info.get("GpuInfo", {}).get("Gpus", [])),
            architecture="arm64" if "arm64" in architectures else "amd64",
            pods=min(by_network, most) if interfaces and addresses else most,
        )

    def capacity(self, disk: int) -> dict[str, str]:
        """A node's capacity; disk in GiB."""
        return {
            "cpu": str(self.cpus),
            "memory": binary(self.memory),
            "ephemeral-storage": binary(disk * 1024),
            "pods": str(self.pods),
            **self._accelerators(),
        }

    def allocatable(self, disk: int) -> dict[str, str]:
        """A node's capacity without what kubelet, system and eviction keep."""
        by_core = [*_RESERVED_MILLICPU, *[_RESERVED_REST] * max(0, self.cpus - len(_RESERVED_MILLICPU))]
        reserved = int(sum(by_core[: self.cpus]))
        memory = self.memory - (255 + 11 * self.pods) - _EVICTION_MIB
        return {
            "cpu": f"{self.cpus * 1000 - reserved}m",
            "memory": binary(max(memory, 0)),
            # kubelet keeps 1 GiB and a tenth
            "ephemeral-storage": binary(max(0, disk * 9 // 10 - 1) * 1024),
            "pods": str(self.pods),
            **self._accelerators(),
        }

    def _accelerators(self) -> dict[str, str]:
        return {"nvidia.com/gpu": str(self.gpus)} if self.gpus else {}


def binary(mebibytes: int) -> str:
    """A quantity as the API server gives it back: in the largest unit that holds it whole, so that the two
    can be compared as text.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ (canonical form)
    """
    units = ("Mi", "Gi", "Ti", "Pi")
    number, unit = mebibytes, 0
    while number and number % 1024 == 0 and unit + 1 < len(units):
        number, unit = number // 1024, unit + 1
    return f"{number}{units[unit]}" if number else "0"
