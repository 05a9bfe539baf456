"""An engine that runs in another thread is stopped in good order."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from automation.workspace import Engine

PULUMI = """#!/bin/sh
if [ "$1" = version ]; then echo v3.200.0; exit 0; fi
trap 'echo stopped; exit 3' INT
echo running > "$HOME/running"
while :; do sleep 0.05; done
"""


def test_whatever_runs_in_other_threads_is_interrupted(tmp_path: Path) -> None:
    command = tmp_path / "pulumi"
    command.write_text(PULUMI)
    command.chmod(0o755)
    env = {"HOME": str(tmp_path)}
    engine = Engine(str(command), env)
    ended: list[str] = []

    def work() -> None:
        try:
            engine.run(["preview"], str(tmp_path), env)
        except CommandError as error:
            ended.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not (tmp_path / "running").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()
    [said] = ended
    assert "stopped" in said
    assert "code: 3" in said


def test_what_a_thread_starts_after_that_ends_too(tmp_path: Path) -> None:
    command = tmp_path / "pulumi"
    command.write_text(PULUMI)
    command.chmod(0o755)
    env = {"HOME": str(tmp_path)}
    engine = Engine(str(command), env)
    engine.stop()
    with pytest.raises(CommandError):
        engine.run(["refresh"], str(tmp_path), env)
