"""Stands in for pulumi-aws: the table's entries on boto3 clients of moto."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.providers.aws.clients import Clients, Session
from sandbox.providers.aws.entry import Step
from sandbox.providers.aws.errors import CallFailedError, ConfigError, RefusedRequestError
from sandbox.providers.aws.invokes import INVOKES
from sandbox.providers.aws.settings import parse, refuse_account, unknown_settings
from sandbox.providers.aws.table import ENTRIES
from sandbox.providers.base import Call, Failure, Properties
from sandbox.providers.base.table.provider import TableProvider
from sandbox.providers.base.table.states import own_tags

VERSION = "7.51.1"


class AwsProvider(TableProvider[Session, Step]):
    """`endpoint` is moto's, `directory` the sandbox's."""

    name = "aws"
    version = VERSION
    entries = ENTRIES
    step_type = Step

    def __init__(self, endpoint: str, directory: Path) -> None:
        super().__init__(directory)
        self._endpoint = endpoint
        self._directory = directory
        self._clients: dict[tuple[str, str], Clients] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls) -> AwsProvider:
        """From AWS_ENDPOINT_URL and STANDFAST_SANDBOX_DIR. Raises ConfigError naming the one that is
        missing.
        """
        wanted = ("AWS_ENDPOINT_URL", "STANDFAST_SANDBOX_DIR")
        missing = [name for name in wanted if not os.environ.get(name)]
        if missing:
            raise ConfigError(
                f"the environment lacks {' and '.join(missing)}; `standfast sandbox up` sets them"
            )
        return cls(os.environ[wanted[0]], Path(os.environ[wanted[1]]))

    @property
    def clients(self) -> Clients:
        """The clients of a provider that is given no keys."""
        return self._clients_for("sandbox", "sandbox")

    def check_config(self, config: Properties) -> Sequence[Failure]:
        """Unknown settings."""
        return unknown_settings(config)

    def configure(self, config: Properties) -> Session:
        """A session, once the account behind the endpoint is one that the settings allow."""
        settings = parse(config)
        clients = self._clients_for(
            str(config.get("accessKey") or "sandbox"), str(config.get("secretKey") or "sandbox")
        )
        try:
            identity = clients.get("sts", settings.region).get_caller_identity()
        except (ClientError, BotoCoreError) as error:
            raise ConfigError(f"AWS does not answer at {self._endpoint}: {error}") from error
        refuse_account(settings, identity["Account"], self._endpoint)
        return Session(
            clients=clients,
            region=settings.region,
            account=identity["Account"],
            partition=identity["Arn"].split(":")[1],
            default_tags=settings.default_tags,
        )

    def _clients_for(self, access_key: str, secret_key: str) -> Clients:
        with self._lock:
            key = (access_key, secret_key)
            if key not in self._clients:
                self._clients[key] = Clients(
                    endpoint=self._endpoint,
                    directory=self._directory,
                    access_key=access_key,
                    secret_key=secret_key,
                )
            return self._clients[key]

    @property
    def functions(self) -> Mapping[str, Callable[[Session, Properties], Properties]]:
        """As pulumi_aws names them."""
        return INVOKES

    @contextmanager
    def failures(self, what: str) -> Generator[None]:
        """Every failure of AWS as one line: operation, resource, code, message."""
        try:
            yield
        except ClientError as error:
            raise CallFailedError(error.operation_name, what, code_of(error), message_of(error)) from error
        except RefusedRequestError as error:
            raise CallFailedError(error.operation, what, "RefusedRequest", error.report) from error
        except BotoCoreError as error:
            raise CallFailedError("a call", what, type(error).__name__, str(error)) from error

    def is_gone(self, step: Step, error: Exception) -> bool:
        """By the entry's codes."""
        return isinstance(error, ClientError) and code_of(error) in ENTRIES[step.entry.token].gone

    def wanted(self, call: Call[Session], new: Properties) -> Properties:
        """With the location."""
        if not ENTRIES[call.type].regional:
            return new
        return {**new, "region": new.get("region") or call.instance.region}

    def completed(self, step: Step, have: Properties, state: Properties) -> Properties:
        """With the location and the tags, AWS's own aside."""
        entry = ENTRIES[step.entry.token]
        found = {
            key: value for key, value in (have.get("tagsAll") or {}).items() if not key.startswith("aws:")
        }
        return {
            **state,
            **({"region": step.region} if entry.regional else {}),
            **(own_tags(step, found) if entry.taggable and have else {}),
        }

    def foreseen(self, step: Step) -> Properties:
        """With the location."""
        state = super().foreseen(step)
        return {**state, "region": step.region} if ENTRIES[step.entry.token].regional else state


def code_of(error: ClientError) -> str:
    """The AWS error code."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: ClientError) -> str:
    """The AWS error message."""
    return str(error.response.get("Error", {}).get("Message", ""))
