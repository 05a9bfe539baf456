"""Runs the twins of one region until SIGTERM."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from lightkube import Client, KubeConfig

from sandbox.twins.load_balancers import LoadBalancerTwin
from sandbox.twins.node_groups import NodeGroupTwin
from sandbox.twins.process import begin


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.twins", description=__doc__)
    parser.add_argument("--region", required=True, help="the platform's name of the region, such as us-east")
    parser.add_argument("--location", required=True, help="the AWS location, such as us-east-1")
    parser.add_argument("--kubeconfig", required=True, type=Path, help="of the region's API server")
    parser.add_argument("--moto", required=True, help="moto's address")
    return parser.parse_args()


def aws_client(service: str, moto: str, location: str) -> Any:
    """A boto3 client of moto."""
    return boto3.Session(region_name=location).client(
        service,  # pyright: ignore[reportArgumentType]
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - moto asks for any
        endpoint_url=moto,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
    )


def main() -> int:
    """Starts a thread for each twin and waits."""
    arguments = _arguments()
    stopped = begin(arguments.region)
    config = KubeConfig.from_file(arguments.kubeconfig)
    aws = {name: aws_client(name, arguments.moto, arguments.location) for name in ("eks", "ec2", "elbv2")}
    directory = os.environ.get("STANDFAST_SANDBOX_DIR")
    nodes = NodeGroupTwin(
        kube=Client(config=config),
        eks=aws["eks"],
        ec2=aws["ec2"],
        location=arguments.location,
        directory=Path(directory) if directory else None,
    )
    balancers = LoadBalancerTwin(kube=Client(config=config), elb=aws["elbv2"], ec2=aws["ec2"], eks=aws["eks"])
    for twin in (nodes, balancers):
        threading.Thread(target=twin.run, args=(stopped,), daemon=True).start()
    stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
