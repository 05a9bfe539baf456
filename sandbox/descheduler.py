"""Runs the real descheduler with the policy of the release that the program deployed.

The chart's values that matter, and their defaults:
https://github.com/kubernetes-sigs/descheduler/blob/master/charts/descheduler/values.yaml
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.host import Command, Host
from sandbox.kube import Api
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.releases import Release, releases
from sandbox.tools import Tools

CHART = "descheduler"
_SETTLE_SECONDS = 0.5


@dataclass(frozen=True)
class Settings:
    """How the chart would start the descheduler. `interval` is a Go duration, e.g. `1m`."""

    policy: dict[str, Any]
    interval: str


def is_descheduler(release: Release) -> bool:
    """Whether a release is of the descheduler's chart, however its chart is addressed."""
    return release.chart.rsplit("/", 1)[-1] == CHART


def process_name(region: str) -> str:
    return f"descheduler-{region}"


def settings(release: Release) -> Settings:
    """The policy document and interval, as the chart's templates make them of the values."""
    values = release.values
    kind = values.get("kind", "CronJob")
    if kind != "Deployment":
        raise SandboxError(
            f"release {release.namespace}/{release.name} runs the descheduler as a {kind}",
            remedy="set its value `kind` to Deployment: a CronJob has no process to attach",
        )
    policy = values.get("deschedulerPolicy")
    if not isinstance(policy, dict) or not policy.get("profiles"):
        raise SandboxError(
            f"release {release.namespace}/{release.name} has no deschedulerPolicy with profiles",
            remedy="set the chart's value deschedulerPolicy",
        )
    version = values.get("deschedulerPolicyAPIVersion", "descheduler/v1alpha2")
    document = {"apiVersion": version, "kind": "DeschedulerPolicy", **policy}
    return Settings(document, str(values.get("deschedulingInterval", "5m")))


def attach(region: str, api: Api, paths: SandboxPaths, host: Host, tools: Tools) -> bool:
    """Make the process agree with the release: start it, restart it on new values, stop it without a release.

    Returns whether it runs afterwards.
    """
    processes = Processes(paths)
    name = process_name(region)
    found = next((release for release in releases(api) if is_descheduler(release)), None)
    if found is None:
        processes.stop(name)
        return False
    wanted = settings(found)
    policy_file = paths.region(region) / "descheduler-policy.yaml"
    text = yaml.safe_dump(wanted.policy, sort_keys=False)
    argv = [
        str(tools.program("descheduler")),
        f"--kubeconfig={paths.kubeconfig(region)}",
        f"--policy-config-file={policy_file}",
        f"--descheduling-interval={wanted.interval}",
        "--secure-port=0",
        "--v=2",
    ]
    record = processes.record(name)
    same = record is not None and list(record.argv) == argv
    same = same and policy_file.exists() and policy_file.read_text() == text
    if same and processes.find(name) is not None:
        return True
    processes.stop(name)
    write_atomic(policy_file, text)
    host.start(Command(name=name, argv=argv, cwd=paths.region(region)))
    time.sleep(_SETTLE_SECONDS)
    if processes.find(name) is None:
        raise SandboxError(
            f"the descheduler of {region} ended at once: its policy may be wrong", where=str(paths.log(name))
        )
    return True
