"""Runs the shell of a runbook with stand-ins for every tool, and says what would have been asked of them."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOOLS = ("aws", "curl", "dig", "gcloud", "kubectl", "pulumi", "velero")

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Prints a word, so that what is put into a variable is not empty.
_TOOL = """\
#!/bin/bash
printf '%s\\0' "${0##*/}" "$@" >> "$CALLS"
printf '\\n' >> "$CALLS"
echo answered
"""


def blocks(markdown: str) -> list[str]:
    """The shell blocks of a markdown document, in order."""
    return _BLOCK.findall(markdown)


@cache
def parses(script: str) -> bool:
    """Whether bash takes the script as its language."""
    done = subprocess.run(
        ["bash", "-n"], input=script, text=True, check=False, capture_output=True, timeout=30
    )
    return done.returncode == 0


@dataclass(frozen=True)
class Ran:
    """How a block ended, and the calls of tools that it made, each with its arguments."""

    status: int
    calls: list[list[str]]


@cache
def run(script: str) -> Ran:
    """Run one block by itself; an unset variable or a tool that is not in ``TOOLS`` is a failure."""
    with tempfile.TemporaryDirectory() as name:
        return _run(script, Path(name))


def _run(script: str, folder: Path) -> Ran:
    for name in TOOLS:
        tool = folder / name
        tool.write_text(_TOOL)
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    calls = folder / "calls"
    calls.touch()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls), "HOME": str(folder)},
        cwd=folder,
        check=False,
        capture_output=True,
        timeout=60,
    )
    lines = calls.read_text().split("\0\n")
    return Ran(done.returncode, [line.split("\0") for line in lines if line])


def option(call: list[str], *names: str) -> str | None:
    """The value of an option, written ``--name value`` or ``--name=value``."""
    for index, word in enumerate(call):
        for name in names:
            if word == name and index + 1 < len(call):
                return call[index + 1]
            if name.startswith("--") and word.startswith(f"{name}="):
                return word.partition("=")[2]
    return None


def key(call: list[str]) -> str:
    """The call in one line, for messages."""
    return json.dumps(call)
