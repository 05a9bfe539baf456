"""The models' copy on fake-gcs-server, and the deployed way back from it, as drills take them."""

from __future__ import annotations

import sys
from typing import Any

import psutil
from google.api_core.exceptions import GoogleAPICallError

from config.names import models_gcs_bucket
from config.platform import Platform
from drills.errors import DrillError, StoreError
from sandbox.bringup import access
from sandbox.gcs import ENDPOINT_VARIABLE
from sandbox.host import Command, Machine
from sandbox.moto import CREDENTIALS
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.state import SandboxState
from sandbox.transfer.objects import client

NAME = "model-restore"
"""The restore's CronJob, its ConfigMap, and the process that stands for its pod."""

_NAMESPACE = "ml-serving"
_SECONDS = 300.0


class SandboxCopy:
    """The copy of the platform that the sandbox was brought up for. DrillError when it has none."""

    def __init__(self, state: SandboxState, platform: Platform) -> None:
        name, owner = models_gcs_bucket(platform), platform.copy_owner
        if name is None or owner is None or platform.gcs is None:
            raise DrillError("the platform has no copy of its models: models.stores.gcs is not set")
        self._state, self._owner = state, owner
        self._paths = SandboxPaths.of(state.id)
        self._rpo = platform.gcs.rpo
        self._bucket = client(state.gcs_url).bucket(name)

    @property
    def rpo_s(self) -> float:
        return self._rpo.total_seconds()

    def checksum(self, key: str) -> str | None:
        try:
            found = self._bucket.get_blob(key)
        except GoogleAPICallError as error:
            raise StoreError(f"{self._bucket.name}: {error}") from error
        return None if found is None else found.crc32c

    def restore(self) -> None:
        """Run the deployed script with the deployed environment, where a pod of the deployed CronJob would.

        KWOK's pods run nothing: a process on the machine stands for the one that `kubectl create job
        --from=cronjob/model-restore` would start. All that is added are the endpoints, and credentials in the
        place of EKS Pod Identity.
        """
        api = access(self._state, self._owner).api()
        job = api.find(f"/apis/batch/v1/namespaces/{_NAMESPACE}/cronjobs/{NAME}")
        held = api.find(f"/api/v1/namespaces/{_NAMESPACE}/configmaps/{NAME}")
        if job is None or held is None:
            raise DrillError(f"{self._owner} has no {NAME} in {_NAMESPACE}; run `standfast up {self._owner}`")
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        script = self._script(container, held["data"])
        environment = {one["name"]: one["value"] for one in container["env"]}
        endpoints = {"AWS_ENDPOINT_URL": self._state.moto_url, ENDPOINT_VARIABLE: self._state.gcs_url}
        Processes(self._paths).stop(NAME)
        command = Command(
            name=NAME, argv=[sys.executable, "-P", script], env={**environment, **CREDENTIALS, **endpoints}
        )
        self._await(Machine(self._paths).start(command).pid)

    def _script(self, container: dict[str, Any], data: dict[str, str]) -> str:
        """The file of the ConfigMap that the container's command names, as it is mounted."""
        name = container["command"][-1].rpartition("/")[2]
        if name not in data:
            raise DrillError(f"the ConfigMap {NAME} has no {name}, which its CronJob runs")
        path = self._paths.root / "restore" / name
        write_atomic(path, data[name])
        return str(path)

    def _await(self, pid: int) -> None:
        log = self._paths.log(NAME)
        try:
            code = psutil.Process(pid).wait(timeout=_SECONDS)
        except psutil.NoSuchProcess:
            code = None
        except psutil.TimeoutExpired:
            Processes(self._paths).stop(NAME)
            raise StoreError(f"the restore has not ended after {_SECONDS:g} s; see {log}") from None
        if code:
            raise StoreError(f"the restore ended with {code}; see {log}")
