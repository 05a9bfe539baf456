"""Runs the Storage Transfer twin until SIGTERM."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from sandbox.gcs import ENDPOINT_VARIABLE
from sandbox.providers.aws.clients import Clients
from sandbox.providers.base.table.store import Store
from sandbox.providers.gcp.api import STORE_FILE
from sandbox.transfer.copying import HICCUPS, Copier
from sandbox.transfer.journal import Journal
from sandbox.transfer.objects import client
from sandbox.transfer.transferrer import Transferrer
from sandbox.twins.loop import Repeater
from sandbox.twins.process import begin

_PASS_SECONDS = 0.5
_HOME = "us-east-1"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.transfer", description=__doc__)
    parser.add_argument("--moto", required=True, help="moto's URL")
    parser.add_argument("--sandbox", required=True, type=Path, help="the sandbox's folder")
    parser.add_argument("--folder", required=True, type=Path, help="where the journal and the status go")
    return parser.parse_args()


def main() -> int:
    """Passes, with a pause that leaves the servers time for others."""
    arguments = _arguments()
    stopped = begin()
    clients = Clients(endpoint=arguments.moto, directory=arguments.sandbox)
    journal = Journal(arguments.folder / "transfer.sqlite")
    transferrer = Transferrer(
        clients,
        Store(arguments.sandbox / STORE_FILE),
        Copier(clients.plain("s3", _HOME), client(os.environ[ENDPOINT_VARIABLE]), journal),
        journal,
        status=arguments.folder / "transfer-status.json",
    )
    repeater = Repeater("transfer", stopped, more=HICCUPS)
    while not stopped.is_set():
        began = time.monotonic()
        repeater.attempt(transferrer.step)
        stopped.wait(max(_PASS_SECONDS, time.monotonic() - began))
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
