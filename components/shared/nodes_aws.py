"""The launch template of EKS nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2

from components.shared.tags import named

ROOT_DEVICE = "/dev/xvda"
"""Of Amazon Linux 2023."""


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A gp3 root volume: GiB, operations a second, MiB a second.

    AWS allows up to 0.25 MiB/s for each operation a second.
    Source: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
    """

    size: int
    iops: int = 3000
    throughput: int = 125


def reservation_spec(reservation: str) -> ec2.LaunchTemplateCapacityReservationSpecificationArgs:
    """Launch into a capacity reservation, given by id, or into a resource group of them, given by ARN.

    Nothing is launched beside it: capacity that was paid for is used, or the lack of it shows.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/capacity-blocks-mng.html and
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-using.html
    """
    target = (
        ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_resource_group_arn=reservation
        )
        if reservation.startswith("arn:")
        else ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_id=reservation
        )
    )
    return ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_preference="capacity-reservations-only", capacity_reservation_target=target
    )


def launch_template(
    name: str,
    disk: Disk,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    reservation: str | None = None,
) -> ec2.LaunchTemplate:
    """A template for a managed node group whose image EKS chooses.

    The metadata service answers only to session tokens and only to the node itself: with one hop, a pod on
    its own network cannot take the node's role.
    Source: https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    """
    return ec2.LaunchTemplate(
        name,
        description=f"Nodes of {name}",
        update_default_version=True,
        metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=1,
            instance_metadata_tags="disabled",
        ),
        block_device_mappings=[
            ec2.LaunchTemplateBlockDeviceMappingArgs(
                device_name=ROOT_DEVICE,
                ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                    volume_type="gp3",
                    volume_size=disk.size,
                    iops=disk.iops,
                    throughput=disk.throughput,
                    encrypted="true",
                    delete_on_termination="true",
                ),
            )
        ],
        capacity_reservation_specification=reservation_spec(reservation) if reservation else None,
        tag_specifications=[
            ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=named(dict(tags), name))
            for kind in ("instance", "volume", "network-interface")
        ],
        tags=named(dict(tags), name),
        opts=opts,
    )
