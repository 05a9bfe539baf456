"""Kinds that several threads read at once."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
from sandbox.target import _KINDS
sys.setswitchinterval(1e-6)
node = {"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}, **{"status": node["status"]}}
start = threading.Barrier(12)
def read(number):
    kind, found = (("Node", node), ("Pod", pod))[number % 2]
    start.wait()
    _KINDS[kind].from_dict(found)
threads = [threading.Thread(target=read, args=(number,)) for number in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_read_the_same_kinds_at_once_do_not_crash() -> None:
    """Types that msgspec has not met before end the process with a segmentation fault here."""
    ended = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
