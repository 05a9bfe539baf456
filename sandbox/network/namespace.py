"""One network namespace as a place where sandbox processes run."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.host import Command, Machine
from sandbox.network import names
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes, ProcessRecord

_COMMAND_SECONDS = 30.0


def rootless() -> bool:
    """Whether the namespaces need a user namespace around them."""
    return os.geteuid() != 0


class _Addressed(Machine):
    """This machine, recording another address for what it starts."""

    def __init__(self, paths: SandboxPaths, address: str) -> None:
        super().__init__(paths)
        self._own = address

    @property
    def address(self) -> str:
        return self._own


class Namespace:
    """A sandbox.host.Host inside of a namespace, which its holder process keeps.

    Programs are entered by nsenter and env, which become the program by exec: the recorded process is the
    program itself, so that signals reach it and no wrapper stays.
    """

    def __init__(self, paths: SandboxPaths, name: str, address: str) -> None:
        self.name = name
        self._paths = paths
        self._processes = Processes(paths)
        self._machine = Machine(paths)
        self._starter = _Addressed(paths, address)

    @property
    def address(self) -> str:
        """The region's own address, or that of clients in `world`."""
        return self._starter.address

    @property
    def holder(self) -> int:
        """The holder's process id. SandboxError when the namespace is not there."""
        process = self._processes.find(names.holder(self.name))
        if process is None:
            raise SandboxError(
                f"sandbox {self._paths.id} has no network namespace {self.name}",
                remedy="run `standfast sandbox up --network`",
            )
        return process.pid

    def entering(self, argv: Sequence[str], cwd: Path | None = None) -> list[str]:
        """The command that runs `argv` in here, in the folder `cwd`, without a process of its own."""
        user = ["--user", "--preserve-credentials"] if rootless() else []
        enter = ["nsenter", "--target", str(self.holder), *user, "--net", "--mount", "--"]
        # Entering a mount namespace leaves the process in `/`; nsenter's own --wdns is missing in older ones.
        return [*enter, "env", f"--chdir={cwd or self._paths.root}", *argv]

    def free_port(self) -> int:
        """A port that nobody listens on, here or on the machine: the relay may listen on those here."""
        while (port := self._machine.free_port()) in listening(self.holder):
            continue
        return port

    def start(self, command: Command) -> ProcessRecord:
        """As Host.start, inside."""
        argv = self.entering(command.argv, command.cwd)
        return self._starter.start(dataclasses.replace(command, argv=argv))

    def run(self, argv: Sequence[str], *, text: str = "") -> str:
        """Run a command to its end, `text` as its input; what it prints. SandboxError when it fails."""
        return run(self.entering(argv), text=text, what=f"{argv[0]} in the namespace {self.name}")

    def ip(self, lines: Sequence[str]) -> None:
        """Run a batch of `ip` commands."""
        if lines:
            self.run(["ip", "-batch", "-"], text="\n".join([*lines, ""]))


def listening(pid: int) -> set[int]:
    """The TCP ports that are listened on in the network namespace of a process."""
    ports: set[int] = set()
    for family in ("tcp", "tcp6"):
        rows = Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]
        for fields in (row.split() for row in rows):
            if fields[3] == "0A":
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


def run(argv: Sequence[str], *, what: str, text: str = "") -> str:
    """Run a command to its end; what it prints. SandboxError with its own words when it fails."""
    try:
        ended = subprocess.run(
            list(argv), input=text, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{what} cannot be run: {error}") from error
    if ended.returncode:
        raise SandboxError(f"{what} failed: {(ended.stderr or ended.stdout).strip()[-600:]}")
    return ended.stdout
