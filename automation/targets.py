"""Where the regions are: a cloud account, through the caller's own `pulumi`, or this checkout's sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from automation.errors import AutomationError
from automation.workspace import Workspace
from sandbox.paths import cache_root
from sandbox.progress import Progress

if TYPE_CHECKING:
    from drills.target import Target


class TargetName(StrEnum):
    """The values of --target."""

    SANDBOX = "sandbox"
    CLOUD = "cloud"


def checkout() -> Path:
    """The folder of the project: its stack files are the ones that count."""
    return Path(__file__).resolve().parent.parent


def workspace_of(target: TargetName) -> Workspace:
    """Where the engine runs for this target. SandboxError when there is no sandbox."""
    if target is TargetName.CLOUD:
        return Workspace(folder=checkout(), logs=log_folder(), target=target)
    sandbox = lifecycle()
    state = sandbox.load()
    return Workspace(
        folder=sandbox.refresh_workspace(),
        env=state.engine_env,
        logs=state.root / "logs" / "engine",
        target=target,
    )


def log_folder() -> Path:
    """Where logs are kept that belong to no sandbox."""
    return cache_root() / "logs" / "cloud"


def lifecycle() -> ModuleType:
    """The sandbox's own operations. It is for development, and its packages may be missing."""
    try:
        from sandbox import lifecycle as module  # noqa: PLC0415 - a cloud user has none of its packages
    except ImportError as error:
        raise AutomationError(
            f"the sandbox's packages are not installed ({error}); run `uv sync` in the checkout"
        ) from error
    return module


@dataclass(frozen=True)
class Reach:
    """How what the regions run on is asked, with the caller's identity; as it stands, that of a cloud.

    `env` comes on top of the environment for the kubeconfigs' exec plugin, `aws` are arguments of boto3's
    clients, `proxies` says whether those of the environment are used. `dns_stand_in` says who answers for
    Route 53 where it is not Route 53.
    """

    env: Mapping[str, str] = field(default_factory=dict[str, str])
    aws: Mapping[str, Any] = field(default_factory=dict[str, Any])
    proxies: bool = True
    dns_stand_in: str = ""


def reach(target: TargetName) -> Reach:
    """How this target's API servers and Route 53 are asked. SandboxError when there is no sandbox."""
    if target is TargetName.CLOUD:
        return Reach()
    state = lifecycle().load()
    return Reach(
        env=state.engine_env,
        aws={
            "endpoint_url": state.moto_url,
            "region_name": "us-east-1",
            "aws_access_key_id": state.engine_env["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": state.engine_env["AWS_SECRET_ACCESS_KEY"],
        },
        proxies=False,
        dns_stand_in="in the sandbox moto answers for Route 53, and says of every check that it succeeds",
    )


def settle(target: TargetName, regions: Sequence[str]) -> None:
    """After the engine has changed regions: what a cluster would do by itself, the sandbox starts now."""
    if target is TargetName.SANDBOX:
        module = lifecycle()
        for region in regions:
            module.attach_descheduler(region)


def drill_target(target: TargetName, progress: Progress | None = None) -> Target:
    """Where a drill is held; `progress` shows what is attached to it for traffic."""
    if target is TargetName.CLOUD:
        raise AutomationError(
            "drills are held in the sandbox: a zone of a cloud account cannot be stopped from here; "
            "add --target sandbox"
        )
    state = lifecycle().load()
    from sandbox.target import SandboxTarget  # noqa: PLC0415 - as above

    return SandboxTarget(state, progress)
