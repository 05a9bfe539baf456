"""moto's server, which stands in for the AWS APIs (https://docs.getmoto.org/en/latest/docs/server_mode.html)."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.control_plane import wait_until
from sandbox.host import Command, Host, python_command
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes

NAME = "moto"
ACCOUNT = "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_SETTINGS = {
    # The AWS managed policies are there, as in every account.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    # Seconds until a certificate that waits for its DNS record is issued; AWS takes minutes.
    "MOTO_ACM_VALIDATION_WAIT": "2",
}


def start_moto(paths: SandboxPaths, host: Host, port: int) -> str:
    """Start moto unless it runs, wait until it answers, and return its address."""
    processes = Processes(paths)
    if processes.find(NAME) is None:
        asked = ("--log", str(request_log(paths)))
        argv = python_command("sandbox.moto_server", "-H", host.address, "-p", str(port), *asked)
        host.start(Command(name=NAME, argv=argv, env={**_SETTINGS, **CREDENTIALS}, port=port))
    wait_until(lambda: _answers(host.address, port), "moto does not answer", processes, NAME, paths)
    return f"http://{host.address}:{port}"


def request_log(paths: SandboxPaths) -> Path:
    """JSON lines of all requests (`sandbox.moto_server`)."""
    return paths.logs / "moto-requests.jsonl"


def _answers(address: str, port: int) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=5.0)
    try:
        # Not /moto-api/data.json: that writes out all that moto holds.
        connection.request("GET", "/moto-api/config")
        return isinstance(json.loads(connection.getresponse().read()), dict)
    except http.client.HTTPException:
        return False
    finally:
        connection.close()


def client(service: str, url: str, location: str = "us-east-1") -> Any:
    """A boto3 client for moto at `url`: no ambient profile, credential or proxy takes part."""
    return boto3.Session().client(
        service,  # pyright: ignore[reportArgumentType]
        endpoint_url=url,
        region_name=location,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - moto asks for any
        config=Config(proxies={}, retries={"max_attempts": 2}),
    )


def seed(url: str, domain: str) -> str:
    """Make what the program expects to find in an account: the public hosted zone of `domain`; its id."""
    route53 = client("route53", url)
    name = f"{domain.rstrip('.')}."
    found = route53.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    ids = [zone["Id"] for zone in found if zone["Name"] == name and not zone["Config"].get("PrivateZone")]
    if not ids:
        ids = [route53.create_hosted_zone(Name=name, CallerReference=f"sandbox-{name}")["HostedZone"]["Id"]]
    return str(ids[0]).removeprefix("/hostedzone/")
