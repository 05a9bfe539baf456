"""What a sandbox is made of, as it is kept in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths, write_atomic


@dataclass(frozen=True)
class RegionSpec:
    """A region as asked for: its cloud location, e.g. `us-east-1`, and its zones, in their order."""

    location: str
    zones: tuple[str, ...]


class RegionState(BaseModel):
    """One region. `ca` is base64 of PEM; it and `endpoint` are empty until its API server was ready once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    location: str
    zones: tuple[str, ...]
    etcd_port: int
    api_server_port: int
    kubeconfig: Path
    endpoint: str = ""
    ca: str = ""


class SandboxState(BaseModel):
    """All of it. `ready` says that `up` came to its end once; `engine_env` is what the engine is run with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    root: Path
    checkout: Path
    domain: str
    token: str
    passphrase: str
    moto_port: int
    moto_url: str = ""
    gcs_port: int
    gcs_url: str = ""
    hosted_zone: str = ""
    providers: Mapping[str, int] = {}
    regions: Mapping[str, RegionState]
    engine_env: Mapping[str, str] = {}
    workspace: Path | None = None
    ready: bool = False

    def region(self, name: str) -> RegionState:
        try:
            return self.regions[name]
        except KeyError:
            raise SandboxError(
                f"the sandbox has no region {name!r}", remedy=f"its regions: {', '.join(self.regions)}"
            ) from None


def save(state: SandboxState, paths: SandboxPaths) -> SandboxState:
    write_atomic(paths.state_file, state.model_dump_json(indent=1))
    return state


def read(paths: SandboxPaths) -> SandboxState | None:
    """The state on disk, or None when there is none. One of another version counts as none."""
    try:
        return SandboxState.model_validate_json(paths.state_file.read_bytes())
    except (FileNotFoundError, ValidationError, ValueError):
        return None
