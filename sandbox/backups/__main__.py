"""Runs the stand-in for one region's Velero server until SIGTERM."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.backups.server import Velero
from sandbox.kube import Api, ApiError
from sandbox.moto import client
from sandbox.network.faults import read_broken
from sandbox.twins.loop import Repeater
from sandbox.twins.process import begin

PERIOD_SECONDS = 60.0
"""How often Velero looks at its schedules."""

_RETRY_SECONDS = 2.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.backups", description=__doc__)
    parser.add_argument("--region", required=True, help="the platform's name of the region")
    parser.add_argument("--location", required=True, help="the AWS location")
    parser.add_argument("--kubeconfig", required=True, type=Path, help="of the region's API server")
    parser.add_argument("--moto", required=True, help="moto's URL")
    parser.add_argument("--broken", required=True, type=Path, help="the file of what is cut off")
    parser.add_argument("--began", required=True, type=Path, help="made once the first look is over")
    return parser.parse_args()


def main() -> int:
    """Looks once a minute, and sooner after a look that went wrong."""
    arguments = _arguments()
    stopped = begin()
    velero = Velero(
        Api.of(arguments.kubeconfig),
        client("s3", arguments.moto, arguments.location),
        lambda: arguments.region in read_broken(arguments.broken).regions,
    )
    repeater = Repeater("backups", stopped, more=(ApiError,))
    while not stopped.is_set():
        if repeater.attempt(velero.step):
            arguments.began.touch()
            stopped.wait(PERIOD_SECONDS)
        else:
            stopped.wait(_RETRY_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
