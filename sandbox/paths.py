"""Where a sandbox and the built tools live. Nothing is ever written in the checkout."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

ID_VARIABLE = "STANDFAST_SANDBOX"
MARKER_VARIABLE = "STANDFAST_SANDBOX_ID"
DIRECTORY_VARIABLE = "STANDFAST_SANDBOX_DIR"
SERVICE_VARIABLE = "STANDFAST_SANDBOX_SERVICE"
"""Set on what a Host starts, and so not on an engine that a command runs."""

_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


def checkout_root() -> Path:
    """The folder that holds Pulumi.yaml and the `tools/` modules: the parent of this package."""
    return Path(__file__).resolve().parent.parent


def cache_root() -> Path:
    """`$XDG_CACHE_HOME/standfast`, or `~/.cache/standfast` when that is not set (or not absolute)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "standfast"


def sandbox_id(checkout: Path | None = None) -> str:
    """The id of the sandbox that belongs to a checkout, or the one that STANDFAST_SANDBOX names.

    Two checkouts of the same name get different ids: eight hex digits of the checkout's path are part of it.
    """
    asked = os.environ.get(ID_VARIABLE, "")
    if asked:
        if not _ID.fullmatch(asked):
            raise SandboxError(
                f"{ID_VARIABLE}={asked!r} is no sandbox id",
                remedy="use lower-case letters, digits, '-', '.' or '_', at most 63 of them",
            )
        return asked
    path = (checkout or checkout_root()).resolve()
    name = re.sub(r"[^a-z0-9-]+", "-", path.name.lower()).strip("-")[:40] or "checkout"
    return f"{name}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class SandboxPaths:
    """Every file and folder of one sandbox."""

    id: str
    root: Path

    @classmethod
    def of(cls, identity: str | None = None) -> SandboxPaths:
        name = identity or sandbox_id()
        return cls(id=name, root=cache_root() / "sandboxes" / name)

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def eks_file(self) -> Path:
        return self.root / "eks.json"

    @property
    def token_file(self) -> Path:
        """The sandbox's admin token, for the `aws` stand-in."""
        return self.root / "token"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def kept_logs(self) -> Path:
        """Where `down` leaves the logs."""
        return cache_root() / "logs" / self.id

    @property
    def records(self) -> Path:
        return self.root / "processes"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def backend(self) -> Path:
        return self.root / "state"

    @property
    def pulumi_home(self) -> Path:
        return self.root / "pulumi-home"

    @property
    def lock(self) -> Path:
        """Beside the sandbox, not in it: `down` removes the folder while it holds the lock."""
        return self.root.parent / f"{self.id}.lock"

    def region(self, name: str) -> Path:
        return self.root / "regions" / name

    def kubeconfig(self, region: str) -> Path:
        return self.region(region) / "kubeconfig"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def create(self) -> None:
        """Make the folders, readable by their owner alone: they hold tokens and keys."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.root.chmod(0o700)
        for folder in (self.logs, self.records, self.bin, self.backend, self.pulumi_home):
            folder.mkdir(parents=True, exist_ok=True)


def write_atomic(path: Path, text: str | bytes, mode: int = 0o600) -> None:
    """Write a file so that a reader, or a later run after a kill, sees the old text or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    data = text.encode() if isinstance(text, str) else text
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
