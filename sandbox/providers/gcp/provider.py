"""Stands in for pulumi-gcp: the table's entries on fake-gcs-server and what is kept beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.gcs import ENDPOINT_VARIABLE
from sandbox.providers.base import Failure, Properties
from sandbox.providers.base.table.provider import TableProvider
from sandbox.providers.base.table.states import own_tags
from sandbox.providers.gcp.api import Api, Session
from sandbox.providers.gcp.entry import Step
from sandbox.providers.gcp.errors import CallFailedError, ConfigError, GoogleError
from sandbox.providers.gcp.functions import FUNCTIONS
from sandbox.providers.gcp.settings import parse, setting_faults
from sandbox.providers.gcp.table import ENTRIES

VERSION = "10.2.0"
_GONE = 404


class GcpProvider(TableProvider[Session, Step]):
    """`endpoint` is fake-gcs-server's, `directory` the sandbox's."""

    name = "gcp"
    version = VERSION
    entries = ENTRIES
    step_type = Step

    def __init__(self, endpoint: str, directory: Path) -> None:
        super().__init__(directory)
        self.api = Api(endpoint, directory)

    @classmethod
    def from_environment(cls) -> GcpProvider:
        """From STORAGE_EMULATOR_HOST and STANDFAST_SANDBOX_DIR. Raises ConfigError naming what is missing."""
        wanted = (ENDPOINT_VARIABLE, "STANDFAST_SANDBOX_DIR")
        missing = [name for name in wanted if not os.environ.get(name)]
        if missing:
            raise ConfigError(
                f"the environment lacks {' and '.join(missing)}; `standfast sandbox up` sets them"
            )
        return cls(os.environ[wanted[0]], Path(os.environ[wanted[1]]))

    @property
    def functions(self) -> Mapping[str, Callable[[Session, Properties], Properties]]:
        """As pulumi_gcp names them."""
        return FUNCTIONS

    def check_config(self, config: Properties) -> Sequence[Failure]:
        """Unknown settings, and a project that cannot be."""
        return setting_faults(config)

    def configure(self, config: Properties) -> Session:
        """A session; no credential is asked for, and none is looked for."""
        settings = parse(config)
        return Session(
            api=self.api,
            project=settings.project,
            default_labels=settings.default_labels,
            attribution=settings.attribution,
        )

    @contextmanager
    def failures(self, what: str) -> Generator[None]:
        """Every error answer as one line: method, resource, status, message."""
        try:
            yield
        except GoogleError as error:
            status = f"{error.status} {error.reason}".strip()
            message = " ".join(error.message.split())
            raise CallFailedError(f"{error.method} of {what}: {status}: {message}") from error

    def is_gone(self, step: Step, error: Exception) -> bool:
        """404 means it of every type."""
        del step
        return isinstance(error, GoogleError) and error.status == _GONE

    def completed(self, step: Step, have: Properties, state: Properties) -> Properties:
        """With the labels in Pulumi's three forms: the resource's own, its and the provider's, and all."""
        if not (step.entry.taggable and have):
            return state
        found: Properties = have.get("effectiveLabels") or {}
        attribution = step.session.attribution
        ours = {key: value for key, value in found.items() if key not in attribution}
        return {**state, **own_tags(step, found), "pulumiLabels": ours}
