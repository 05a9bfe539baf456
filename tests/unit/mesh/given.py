"""What the tests of the mesh start from."""

from __future__ import annotations

import base64

import pulumi

from components.mesh.args import Hosts, MeshArgs, MeshPeer
from config.timings import ATTEMPT_TIMEOUT

PEER = MeshPeer(
    region="eu-west",
    cluster_name="standfast-eu-west",
    api_endpoint="https://ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    api_ca=base64.b64encode(b"ca of the peer").decode(),
    token=pulumi.Output.secret("token-of-the-peer"),
    nat_ips=["203.0.113.7", "203.0.113.5"],
)
ARGS = MeshArgs(
    cluster_name="standfast-us-east",
    network="standfast-us-east",
    vpc_cidr="10.16.0.0/16",
    failover={"us-east-1": "eu-west-1", "eu-west-1": "us-east-1"},
    hosts=Hosts(entry="inference.example.com", region="us-east.example.com"),
    certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/own",
    attempt=ATTEMPT_TIMEOUT,
    peers=[PEER],
)
