"""Where the engine runs: a folder with the stack files, an environment, and a Pulumi command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pulumi.automation import (
    CommandResult,
    LocalWorkspace,
    OnOutput,
    OutputMap,
    OutputValue,
    PulumiCommand,
)
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from automation.errors import EngineMissingError, StoppedError
from automation.redaction import hide_secrets

MASKED = "[secret]"
"""What the engine shows in place of a secret output."""

_PATIENCE = 30.0
_MAJOR = 3


@dataclass(frozen=True)
class Workspace:
    """One place to run the engine.

    `folder` holds Pulumi.yaml and the stack files; `env` comes on top of the caller's own environment;
    `pulumi` is a command's name or path; `logs` is where the engine's full output is kept; `target` is the
    value of --target that leads here, for messages.
    """

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    pulumi: str = "pulumi"
    logs: Path = Path()
    target: str = "cloud"

    def open(self, engine: Engine) -> LocalWorkspace:
        """The Automation API's view of it."""
        return _Sealed(work_dir=str(self.folder), env_vars=dict(self.env), pulumi_command=engine)

    def engine(self) -> Engine:
        """Its command line. EngineMissingError when there is no usable one."""
        return Engine(self.pulumi, self.env)

    def log(self, operation: str, region: str) -> Path:
        """The file that keeps the engine's output of one operation, the last run of it."""
        return self.logs / f"{operation}-{region}.log"


class _Sealed(LocalWorkspace):
    """Asks the engine for masked outputs alone: nobody here needs the secrets."""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        answer = self._run_pulumi_cmd_sync(["stack", "output", "--json", "--stack", stack_name])
        found: dict[str, Any] = json.loads(answer.stdout)
        return {name: OutputValue(value=value, secret=value == MASKED) for name, value in found.items()}


class Engine(PulumiCommand):
    """The Pulumi command line, which survives Ctrl-C in good order.

    It runs in a process group of its own: an interrupt goes to it once, from here, so that it finishes the
    calls under way and writes its state. A second interrupt makes it stop at once.
    https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/
    """

    def __init__(self, command: str, env: Mapping[str, str]) -> None:
        path = shutil.which(command, path=env.get("PATH", os.environ.get("PATH")))
        if path is None:
            raise EngineMissingError(command, "it is not on PATH")
        hide_secrets({**os.environ, **env})
        try:
            self.command = path
            self.version = _version(path, env)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise EngineMissingError(command, str(error)) from error
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Interrupt what runs in other threads, and what they start now: ours only reaches the main one."""
        self._stopped = True
        for process in tuple(self._running):
            process.send_signal(signal.SIGINT)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
        *,
        text: str | None = None,
    ) -> CommandResult:
        """Run it to its end, with `text` on its standard input.

        CommandError as the base class; StoppedError after Ctrl-C.
        """
        env = {
            **os.environ,
            **additional_env,
            "PULUMI_AUTOMATION_API": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        env["PATH"] = os.pathsep.join([str(Path(self.command).parent), env.get("PATH", "")])
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        streams: list[tuple[IO[str] | None, OnOutput | None]] = [
            (process.stdout, on_output),
            (process.stderr, on_error),
        ]
        lines: list[list[str]] = [[], []]
        readers = [
            threading.Thread(target=_read, args=(stream, callback, kept), daemon=True)
            for (stream, callback), kept in zip(streams, lines, strict=True)
        ]
        for reader in readers:
            reader.start()
        self._running.add(process)
        if self._stopped:
            process.send_signal(signal.SIGINT)
        try:
            if text is not None and process.stdin is not None:
                process.stdin.write(text)
                process.stdin.close()
            process.wait()
        except KeyboardInterrupt:
            _stop(process)
            raise StoppedError(
                "stopped: the engine finished what it was doing; the same command goes on from there"
            ) from None
        finally:
            self._running.discard(process)
        for reader in readers:
            reader.join()
        result = CommandResult(
            stdout="\n".join(lines[0]), stderr="\n".join(lines[1]), code=process.returncode
        )
        if result.code != 0:
            raise create_command_error(result)
        return result


def _version(path: str, env: Mapping[str, str]) -> VersionInfo:
    answer = subprocess.run(
        [path, "version"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env, "PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    version = VersionInfo.parse(answer.stdout.strip().removeprefix("v"))
    if version.major != _MAJOR:
        raise EngineMissingError(path, f"it is version {version}, and version {_MAJOR} is needed")
    return version


def _read(stream: IO[str] | None, callback: OnOutput | None, kept: list[str]) -> None:
    if stream is None:
        return
    for line in stream:
        text = line.rstrip()
        kept.append(text)
        if callback is not None:
            callback(text)
    stream.close()


def _stop(process: subprocess.Popen[str]) -> None:
    """Ask for a good end; on a second interrupt, or after a while, ask for one at once."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_PATIENCE)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
