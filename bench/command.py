"""The command line, as a person calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

STANDFAST = Path(sys.executable).with_name("standfast")


def standfast(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What a command prints, with `env` on top of ours. SystemExit that names it when it fails."""
    done = subprocess.run(
        [str(STANDFAST), *arguments],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"`standfast {' '.join(arguments)}` ended with {done.returncode}: nothing was written")
    return done.stdout
