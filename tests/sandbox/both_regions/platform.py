"""A sandbox with both regions, spoken to through the command line as a person does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from automation.stacks import Stacks
from automation.targets import checkout
from automation.workspace import Workspace
from sandbox import lifecycle
from sandbox.bringup import access
from sandbox.kube import Api
from sandbox.moto import client
from sandbox.paths import ID_VARIABLE
from sandbox.progress import Silent
from sandbox.state import SandboxState

STANDFAST = Path(sys.executable).with_name("standfast")
PATIENCE = 600.0


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass
class Platform:
    """One sandbox. `first` is what its `up` said; `before` is what was there before any region."""

    identity: str
    root_key: Path
    before: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    first: Answer | None = None
    killed_at: int = 0

    def standfast(self, *arguments: str) -> Answer:
        """Run a command to its end."""
        done = subprocess.run(
            [str(STANDFAST), *arguments],
            env=self._env(),
            cwd=checkout(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def kill_half_way(self, *arguments: str, region: str, after: int) -> int:
        """Start a command and kill it and its engine outright once the region's state has `after` resources.

        Returns how many resources the state has then.
        """
        process = subprocess.Popen(
            [str(STANDFAST), *arguments],
            env=self._env(),
            cwd=checkout(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while self.resources_in_state(region) < after:
            assert process.poll() is None, "the command ended before it could be killed"
            assert time.monotonic() < deadline, "the region never had so many resources"
            time.sleep(0.2)
        whole = psutil.Process(process.pid)
        for one in [*whole.children(recursive=True), whole]:
            one.send_signal(signal.SIGKILL)
        process.wait()
        return self.resources_in_state(region)

    def resources_in_state(self, region: str) -> int:
        """Resources that the engine has written down, read from its own file."""
        path = self.state.root / "state" / ".pulumi" / "stacks" / "standfast" / f"{region}.json"
        try:
            latest: dict[str, Any] = json.loads(path.read_text())["checkpoint"]["latest"] or {}
        except (OSError, ValueError, KeyError):
            return 0
        return len(latest.get("resources") or ())

    def state_of(self, region: str) -> dict[str, Any]:
        """The engine's state of a region."""
        path = self.state.root / "state" / ".pulumi" / "stacks" / "standfast" / f"{region}.json"
        checkpoint: dict[str, Any] = json.loads(path.read_text())["checkpoint"]
        # Where a resource is or was tainted, the engine writes its keys in capitals.
        return {key.lower(): value for key, value in checkpoint.items()}["latest"]

    def _env(self) -> dict[str, str]:
        return {**os.environ, ID_VARIABLE: self.identity}

    @property
    def state(self) -> SandboxState:
        return lifecycle.load(identity=self.identity)

    def stacks(self) -> Stacks:
        """The stacks, through the same code as the command line's."""
        state = self.state
        folder = lifecycle.refresh_workspace(identity=self.identity)
        return Stacks(Workspace(folder, state.engine_env, logs=state.root / "logs" / "tests"), Silent())

    def api(self, region: str) -> Api:
        """A region's API server."""
        return access(self.state, region).api()

    def aws(self, service: str, location: str) -> Any:
        """A client of moto."""
        return client(service, self.state.moto_url, location)
