from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from automation.locks import Lock, file_of, is_stale, parse

WHEN = "2026-01-02T03:04:05Z"
LOCKS = ".pulumi/locks/organization/standfast/us-east"
MESSAGE = f"""error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) \
to end or delete the lock file with `pulumi cancel`.
  file:///var/state/{LOCKS}/1b2c.json: created by ana@here (pid 41) at {WHEN}
  s3://bucket/{LOCKS}/9.json: created by o'neil b@there.example (pid 7) at {WHEN}
"""


def test_locks_are_read_from_the_engines_message() -> None:
    first, second = parse(MESSAGE)
    assert (first.user, first.host, first.pid) == ("ana", "here", 41)
    assert file_of(first) == Path(f"/var/state/{LOCKS}/1b2c.json")
    assert (second.user, second.host, second.pid) == ("o'neil b", "there.example", 7)
    assert file_of(second) is None


def test_a_lock_says_who_holds_it_and_since_when() -> None:
    first, _ = parse(MESSAGE)
    assert str(first) == f"ana@here (process 41, since {WHEN})"


def test_a_lock_of_another_machine_is_never_stale() -> None:
    assert not is_stale(Lock("file:///x", "ana", f"not-{socket.gethostname()}", 2**22 + 1))


def test_a_lock_whose_process_has_ended_is_stale() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert is_stale(Lock("file:///x", "ana", socket.gethostname(), process.pid))


def test_a_process_id_that_now_is_another_program_is_stale_and_a_pulumi_is_not(tmp_path: Path) -> None:
    assert is_stale(Lock("file:///x", "ana", socket.gethostname(), os.getpid()))
    engine = tmp_path / "pulumi"
    engine.write_text("#!/bin/sh\nread line\n")
    engine.chmod(0o755)
    process = subprocess.Popen([str(engine)], stdin=subprocess.PIPE)
    try:
        # The kernel names a process a moment after its program was started.
        deadline = time.monotonic() + 5
        while Path(f"/proc/{process.pid}/comm").read_text() != "pulumi\n" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not is_stale(Lock("file:///x", "ana", socket.gethostname(), process.pid))
    finally:
        process.kill()
        process.wait()
