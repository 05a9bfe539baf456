"""The Python processes of a sandbox: the providers, and the twins of each region."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.control_plane import wait_until
from sandbox.errors import SandboxError
from sandbox.gcs import ENDPOINT_VARIABLE
from sandbox.host import Command, Host, python_command
from sandbox.moto import CREDENTIALS
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.state import RegionState

PROVIDERS = ("aws", "gcp", "kubernetes")
_START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The addresses of moto and of fake-gcs-server."""

    aws: str
    gcs: str


def provider_name(package: str) -> str:
    return f"provider-{package}"


def twins_name(region: str) -> str:
    return f"twins-{region}"


def start_providers(
    paths: SandboxPaths, host: Host, endpoints: Endpoints, known: Mapping[str, int]
) -> dict[str, int]:
    """Start what does not run of the providers; package → port. `known` holds the ports of running ones."""
    processes = Processes(paths)
    begun: dict[str, int] = {}
    ports: dict[str, int] = {}
    for package in PROVIDERS:
        name = provider_name(package)
        if package in known and processes.find(name) is not None:
            ports[package] = known[package]
            continue
        processes.stop(name)
        begun[package] = _size(paths.log(name))
        argv = python_command(f"sandbox.providers.{package}")
        host.start(Command(name=name, argv=argv, env=_environment(paths, endpoints)))
    for package, offset in begun.items():
        ports[package] = _printed_port(paths, package, offset)
    return ports


def start_twins(paths: SandboxPaths, host: Host, region: RegionState, endpoints: Endpoints) -> None:
    """Start the region's twins unless they run."""
    name = twins_name(region.name)
    if Processes(paths).find(name) is not None:
        return
    arguments = ["--region", region.name, "--location", region.location]
    arguments += ["--kubeconfig", str(region.kubeconfig), "--moto", endpoints.aws]
    env = {**_environment(paths, endpoints), "AWS_DEFAULT_REGION": region.location}
    host.start(Command(name=name, argv=python_command("sandbox.twins", *arguments), env=env))


def _environment(paths: SandboxPaths, endpoints: Endpoints) -> dict[str, str]:
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoints.aws,
        ENDPOINT_VARIABLE: endpoints.gcs,
        "AWS_DEFAULT_REGION": "us-east-1",
        # No profile, credential or proxy of the user's takes part.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": os.pathsep.join([str(paths.bin), os.environ.get("PATH", os.defpath)]),
    }


def _printed_port(paths: SandboxPaths, package: str, offset: int) -> int:
    """The port that a provider prints on a line of its own once it serves."""
    name = provider_name(package)
    found: list[int] = []

    def printed() -> bool:
        with paths.log(name).open("rb") as log:
            log.seek(offset)
            lines = log.read().decode(errors="replace").split("\n")[:-1]
        found[:] = [int(line) for line in lines if line.isdecimal()][:1]
        return bool(found)

    processes = Processes(paths)
    what = f"the {package} provider does not print its port"
    wait_until(printed, what, processes, name, paths, seconds=_START_SECONDS)
    if not found:
        raise SandboxError(what, where=str(paths.log(name)))
    return found[0]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
