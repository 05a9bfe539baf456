"""Arguments that the failover tests share."""

from __future__ import annotations

from components.failover.args import FailoverArgs

ARGS = FailoverArgs(
    steady=6,
    raised=10,
    peers=["eu-west", "ap-south"],
    token="hush",
    cluster_cidr="10.16.0.0/16",
    event_bus_version="2.10.29",
)
