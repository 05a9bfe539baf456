from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
from sandbox.twins.process import begin
stopped = begin("eu-west", "eu-west-1a")
logging.getLogger("botocore").info("a request")
logging.getLogger("sandbox.pods").info("begins")
print(sorted({"boto3", "botocore", "lightkube"} & set(sys.modules)), flush=True)
stopped.wait()
logging.getLogger("sandbox.pods").info("ends")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_who_speaks_and_ends_when_it_is_told_to(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "[]\n"
    process.send_signal(number)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = [re.sub(r"^[\d-]+ [\d:,]+ ", "", line) for line in log.splitlines()]
    assert lines == ["eu-west eu-west-1a INFO begins", "eu-west eu-west-1a INFO ends"]
