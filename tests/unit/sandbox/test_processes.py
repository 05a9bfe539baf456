from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.errors import SandboxError
from sandbox.host import Command, Machine
from sandbox.locks import exclusive
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes, ProcessRecord

_SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]
_DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(300)",
]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxPaths]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths = SandboxPaths.of(f"unit-{os.getpid()}")
    paths.create()
    yield paths
    Processes(paths).stop_all(grace=0.1)


def _until(true: str, log: Path) -> None:
    deadline = time.monotonic() + 20
    while true not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_started_process_is_found_and_stopped(paths: SandboxPaths):
    record = Machine(paths).start(Command(name="one", argv=_SLEEP, port=1234))
    processes = Processes(paths)
    found = processes.find("one")
    assert found is not None
    assert found.pid == record.pid
    assert os.getsid(record.pid) == record.pid, "it has a session of its own: Ctrl-C does not reach it"
    assert processes.stop("one")
    assert processes.find("one") is None
    assert not processes.stop("one")


def test_a_process_that_becomes_another_program_is_there_all_the_while(paths: SandboxPaths):
    # A service that enters its namespace does so twice; here one does nothing else.
    again = 'exec /bin/sh -c "$0" "$0"'
    Machine(paths).start(Command(name="turncoat", argv=["/bin/sh", "-c", again, again]))
    processes = Processes(paths)
    assert [n for n in range(2000) if processes.find("turncoat") is None] == []


def test_a_process_halted_by_a_signal_or_deaf_to_one_is_stopped_too(paths: SandboxPaths):
    machine, processes = Machine(paths), Processes(paths)
    halted = machine.start(Command(name="halted", argv=_SLEEP))
    deaf = machine.start(Command(name="deaf", argv=_DEAF))
    _until("deaf", deaf.log)
    processes.signal("halted", signal.SIGSTOP)
    assert processes.stop_all(grace=0.5) == 2
    for pid in (halted.pid, deaf.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_an_orphan_without_a_record_is_swept_and_an_engine_is_not(paths: SandboxPaths):
    machine, processes = Machine(paths), Processes(paths)
    orphan = machine.start(Command(name="orphan", argv=_SLEEP))
    kept = machine.start(Command(name="kept", argv=_SLEEP))
    (paths.records / "orphan.json").unlink()
    marked = {**os.environ, "STANDFAST_SANDBOX_ID": paths.id}
    with subprocess.Popen(_SLEEP, env=marked) as engine:
        assert processes.sweep() == [orphan.pid]
        assert processes.find("kept") is not None
        assert engine.poll() is None
        assert {p.pid for p in processes.all_marked()} == {kept.pid, engine.pid}
        assert processes.stop_all(grace=0.5) == 2


def test_another_sandbox_is_left_alone(paths: SandboxPaths):
    other = SandboxPaths.of(f"{paths.id}-other")
    other.create()
    record = Machine(other).start(Command(name="one", argv=_SLEEP))
    try:
        Machine(paths).start(Command(name="one", argv=_SLEEP))
        assert Processes(paths).stop_all(grace=0.5) == 1
        found = Processes(other).find("one")
        assert found is not None
        assert found.pid == record.pid
    finally:
        Processes(other).stop_all(grace=0.1)


def test_a_record_of_a_pid_that_is_another_process_now_finds_nothing(paths: SandboxPaths):
    record = Machine(paths).start(Command(name="one", argv=_SLEEP))
    processes = Processes(paths)
    processes.save(record.model_copy(update={"name": "earlier", "created": record.created - 3600}))
    processes.save(record.model_copy(update={"name": "foreign", "pid": os.getpid()}))
    assert processes.find("earlier") is None
    assert processes.find("foreign") is None
    assert not processes.stop("foreign")


def test_a_broken_record_counts_as_none(paths: SandboxPaths):
    (paths.records / "bad.json").write_text('{"name": "bad"')
    assert Processes(paths).records() == []


def test_what_a_process_inherits_is_little(paths: SandboxPaths, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    record = Machine(paths).start(Command(name="one", argv=_SLEEP, env={"A": "b"}))
    environment = psutil.Process(record.pid).environ()
    assert environment["A"] == "b"
    assert environment["STANDFAST_SANDBOX_ID"] == paths.id
    assert environment["STANDFAST_SANDBOX_DIR"] == str(paths.root)
    assert "AWS_PROFILE" not in environment
    assert "HTTPS_PROXY" not in environment


def test_a_program_that_is_not_there_is_an_error_with_its_name(paths: SandboxPaths):
    with pytest.raises(SandboxError, match="gone cannot be started"):
        Machine(paths).start(Command(name="gone", argv=["/nowhere/gone"]))


def test_ports_are_given_out_once(paths: SandboxPaths):
    other = Machine(SandboxPaths.of(f"{paths.id}-other"))
    ports = [host.free_port() for host in (Machine(paths), other) for _ in range(20)]
    assert len(set(ports)) == 40
    assert all(20000 <= port < 32000 for port in ports)


def test_a_lock_waits_tells_and_names_its_holder(tmp_path: Path):
    told: list[str] = []
    with exclusive(tmp_path / "lock", timeout=1.0):
        with (
            pytest.raises(SandboxError, match=f"process {os.getpid()}"),
            exclusive(tmp_path / "lock", timeout=0.3, on_wait=lambda: told.append("waiting")),
        ):
            pytest.fail("two hold it")
        assert told == ["waiting"]
    with exclusive(tmp_path / "lock", timeout=0.1):
        pass


def test_a_record_survives_its_file(paths: SandboxPaths):
    record = ProcessRecord(
        name="x", pid=1, created=1.5, argv=("a",), address="127.0.0.1", port=None, log=Path("/l")
    )
    processes = Processes(paths)
    processes.save(record)
    assert processes.record("x") == record
