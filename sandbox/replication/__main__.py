"""Runs the S3 replication twin until SIGTERM."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from sandbox.providers.aws.clients import Clients
from sandbox.replication.control import Control
from sandbox.replication.journal import Journal
from sandbox.replication.replicator import Replicator
from sandbox.replication.versions import Pace
from sandbox.twins.loop import Repeater
from sandbox.twins.process import begin

_PASS_SECONDS = 0.4


def _arguments() -> argparse.Namespace:
    pace = Pace()
    parser = argparse.ArgumentParser(prog="sandbox.replication", description=__doc__)
    parser.add_argument("--moto", required=True, help="moto's URL")
    parser.add_argument("--sandbox", required=True, type=Path, help="the sandbox's folder")
    parser.add_argument(
        "--folder", required=True, type=Path, help="where the control file is, and the rest goes"
    )
    parser.add_argument("--region", action="append", default=[], help="NAME=LOCATION of a region")
    parser.add_argument(
        "--least", type=float, default=pace.least, help="seconds that a replica takes at least"
    )
    parser.add_argument(
        "--most", type=float, default=pace.most, help="seconds that an empty one takes at most"
    )
    parser.add_argument("--rate", type=float, default=pace.rate, help="bytes a second")
    parser.add_argument("--seed", type=int, default=pace.seed)
    return parser.parse_args()


def main() -> int:
    """Passes, with a pause that leaves moto time for others."""
    arguments = _arguments()
    stopped = begin()
    folder: Path = arguments.folder
    journal = Journal(folder / "replication.sqlite")
    replicator = Replicator(
        Clients(endpoint=arguments.moto, directory=arguments.sandbox),
        journal,
        Control(folder / "replication.json", dict(one.partition("=")[::2] for one in arguments.region)),
        Pace(least=arguments.least, most=arguments.most, rate=arguments.rate, seed=arguments.seed),
        status=folder / "replication-status.json",
        events=folder / "replication-events.jsonl",
    )
    repeater = Repeater("replication", stopped)
    while not stopped.is_set():
        began = time.monotonic()
        repeater.attempt(replicator.step)
        stopped.wait(max(_PASS_SECONDS, time.monotonic() - began))
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
