"""The conventions that hold over all components, and that each fault of them is seen."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
import pytest

from components.network.aws import Network, NetworkArgs
from tests.program.conventions import faults
from tests.program.recording import record


class _Bad(pulumi.ComponentResource):
    def __init__(self, token: str, child: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token, "bad", None, opts)
        aws.ec2.Vpc(child, cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def with_provider() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[aws.Provider("aws", region="us-east-1")])


def build_network(opts: pulumi.ResourceOptions | None) -> None:
    Network(
        "us-east-network",
        NetworkArgs(
            cidr=IPv4Network("10.16.0.0/16"),
            zones=("us-east-1a", "us-east-1b"),
            location="us-east-1",
            account="123456789012",
            cluster_name="standfast-us-east",
            buckets=[],
        ),
        opts,
    )


def test_a_component_with_a_provider_has_no_fault() -> None:
    assert faults(record(lambda: build_network(with_provider()))) == []


def test_a_default_provider_is_seen_wherever_it_is_used() -> None:
    recording = record(lambda: build_network(None))
    custom = [resource for resource in recording.resources if resource.custom]
    found = faults(recording)
    assert len(found) == len(custom)
    assert all(fault.endswith("uses a default provider") for fault in found)


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        (
            lambda: _Bad("standfast:Bad", "bad-vpc", with_provider()),
            "standfast:Bad bad: its type token is not standfast:<module>:<Type>",
        ),
        (
            lambda: _Bad("standfast:bad:Bad", "vpc", with_provider()),
            "aws:ec2/vpc:Vpc vpc: its name does not start with its parent's, bad-",
        ),
        (
            lambda: aws.ec2.Vpc(
                "vpc",
                cidr_block="10.0.0.0/16",
                opts=pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1")),
            ),
            "aws:ec2/vpc:Vpc vpc: stands outside every component",
        ),
    ],
)
def test_every_other_fault_is_seen(program: Callable[[], object], fault: str) -> None:
    assert faults(record(program)) == [fault]
