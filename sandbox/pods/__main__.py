"""Answers for the pods of one zone until SIGTERM, in the namespace of its region."""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import logging
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.pods.cluster import Cluster
from sandbox.pods.faults import Faults, applied_file
from sandbox.pods.identity import Authority, identity, server_context
from sandbox.pods.models import Model, Registry, S3Bucket, kept
from sandbox.pods.policies import STRICT, Request, allowed, applies, mutual_tls
from sandbox.pods.selection import APP, NAMESPACE, ROOT_NAMESPACE
from sandbox.pods.status import patch, said
from sandbox.pods.zone import Settings, Zone
from sandbox.twins.process import begin

_log = logging.getLogger("sandbox.pods")
_TICK_SECONDS = 0.1
_POLL_SECONDS = 2.0
_POLICY_SECONDS = 5.0
_REPORT_SECONDS = 0.2


class Guard:
    """The deployed policies. Before they were read once nothing is let through."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._policies: list[dict[str, object]] | None = None
        self._said = ""

    def refresh(self) -> None:
        found = self._cluster.policies("authorizationpolicies")
        mode = mutual_tls(
            self._cluster.policies("peerauthentications"), NAMESPACE, {"app": APP}, ROOT_NAMESPACE
        )
        if mode != STRICT:
            self._say(f"mutual TLS is deployed as {mode}; the sandbox's pods speak it STRICT all the same")
        self._policies = found

    def allows(self, labels: Mapping[str, str], request: Request) -> bool:
        if self._policies is None:
            return False
        mine = [policy for policy in self._policies if applies(policy, NAMESPACE, labels, ROOT_NAMESPACE)]
        try:
            return allowed(mine, request)
        except SandboxError as error:
            self._say(f"everything is refused: {error}")
            return False

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            _log.warning(what)


class FaultsFile:
    """The zone's faults on disk, read when they change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = None
        self.faults = Faults({})

    def read(self) -> bool:
        """Whether they have changed."""
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            text = '{"pods": {}}'
        if text == self._text:
            return False
        self._text = text
        try:
            self.faults = Faults.parse(text)
        except SandboxError as error:
            _log.error("%s: %s", self._path, error)
            return False
        return True

    def applied(self) -> None:
        """Say that they are in force."""
        applied_file(self._path).write_text(self._text or "")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.pods", description=__doc__)
    parser.add_argument("--region", required=True)
    parser.add_argument("--zone", required=True)
    parser.add_argument("--location", required=True, help="the region's AWS location")
    parser.add_argument("--block", required=True, help="the addresses of the zone's pods (CIDR)")
    parser.add_argument("--kubeconfig", required=True, type=Path, help="of the region's API server")
    parser.add_argument("--moto", required=True, help="moto's address")
    parser.add_argument("--bucket", required=True, help="the region's model registry")
    parser.add_argument("--load-seconds", required=True, type=float, help="how long a model loads")
    parser.add_argument("--faults", required=True, type=Path, help="what is wrong with the pods (JSON)")
    return parser.parse_args()


def _every(seconds: float, stopped: threading.Event, work: Callable[[], None], what: str) -> None:
    """Do it again and again on a thread of its own; each new trouble is said once."""

    def run() -> None:
        trouble = ""
        while not stopped.is_set():
            try:
                work()
                trouble = ""
            except (OSError, SandboxError, ValueError, KeyError) as error:
                if str(error) != trouble:
                    _log.warning("%s: %s; trying again", what, error)
                trouble = str(error)
            stopped.wait(seconds)

    threading.Thread(target=run, name=what, daemon=True).start()


def _authority(cluster: Cluster, stopped: threading.Event) -> Authority | None:
    """The region's CA, as soon as it is deployed; None when stopped before."""
    told = False
    while not stopped.is_set():
        try:
            return Authority.of(cluster.authority())
        except (OSError, SandboxError, KeyError) as error:
            if not told:
                _log.warning("no identity yet: %s", error)
            told = True
            stopped.wait(1.0)
    return None


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def serve(arguments: argparse.Namespace, stopped: threading.Event) -> None:
    """Start all that runs side by side, and tick."""
    cluster = Cluster(arguments.kubeconfig)
    authority = _authority(cluster, stopped)
    if authority is None:
        return
    guard = Guard(cluster)

    @functools.cache
    def context(account: str) -> ssl.SSLContext:
        return server_context(authority, identity(NAMESPACE, account))

    zone = Zone(
        Settings(
            region=arguments.region,
            zone=arguments.zone,
            block=arguments.block,
            load_seconds=arguments.load_seconds,
            context=context,
            authorize=guard.allows,
        )
    )
    caller = os.environ.get("AWS_SDK_UA_APP_ID", "sandbox.pods")
    bucket = S3Bucket(arguments.moto, arguments.bucket, location=arguments.location, caller=caller)
    registry = Registry(bucket)
    troubles: set[str] = set()

    def say(what: str) -> None:
        if what not in troubles:
            troubles.add(what)
            _log.warning("the model registry: %s", what)

    def model() -> None:
        found: Model | None = kept(registry, zone.model, say)
        if found != zone.model:
            _log.info("serving model %s", found.version if found else "none")
        zone.model = found

    def report() -> None:
        for pod, health in zone.healths():
            if said(pod) != health:
                answer = cluster.patch_status(pod["metadata"]["name"], patch(pod, health, _now()))
                if answer is not None:
                    zone.event("MODIFIED", answer, time.monotonic())

    _every(_POLICY_SECONDS, stopped, guard.refresh, "policies")
    _every(_POLL_SECONDS, stopped, model, "models")
    _every(_REPORT_SECONDS, stopped, report, "status")
    follow = functools.partial(cluster.follow, lambda kind, pod: zone.event(kind, pod, time.monotonic()))
    threading.Thread(target=follow, args=(stopped,), name="watch", daemon=True).start()
    file = FaultsFile(arguments.faults)
    while not stopped.is_set():
        changed = file.read()
        zone.tick(time.monotonic(), file.faults)
        if changed:
            file.applied()
        stopped.wait(_TICK_SECONDS)
    zone.end()


def main() -> int:
    arguments = _arguments()
    serve(arguments, begin(arguments.region, arguments.zone))
    return 0


if __name__ == "__main__":
    sys.exit(main())
