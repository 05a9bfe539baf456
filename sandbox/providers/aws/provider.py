"""The table's interpreter: one engine call on one resource becomes the entry's boto3 calls."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.providers.aws.check import check
from sandbox.providers.aws.clients import Clients, Session
from sandbox.providers.aws.diff import diff
from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.errors import (
    AwsProviderError,
    CallFailedError,
    ConfigError,
    UnsupportedTypeError,
)
from sandbox.providers.aws.invokes import INVOKES
from sandbox.providers.aws.journal import Journal
from sandbox.providers.aws.settings import parse, refuse_account, unknown_settings
from sandbox.providers.aws.states import (
    code_of,
    failures,
    foreseen,
    inputs_shaped,
    live,
    message_of,
    required,
    salvaged,
)
from sandbox.providers.aws.table import ENTRIES
from sandbox.providers.base import (
    UNKNOWN,
    Call,
    Checked,
    Created,
    Diff,
    Failure,
    InitFailedError,
    Live,
    Properties,
    Provider,
    State,
)

VERSION = "7.51.1"


class AwsProvider(Provider[Session]):
    """Stands in for pulumi-aws: `endpoint` is moto's, `directory` the sandbox's."""

    name = "aws"
    version = VERSION

    def __init__(self, endpoint: str, directory: Path) -> None:
        self._endpoint = endpoint
        self._directory = directory
        self._clients: dict[tuple[str, str], Clients] = {}
        self._lock = threading.Lock()
        self._journal = Journal(directory / "aws-journal.sqlite")

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

    def check(self, call: Call[Session], old: Properties, new: Properties) -> Checked:
        """Completed inputs, and every one that is unknown, missing or of the wrong kind."""
        return check(entry_of(call.type), call.name, old, new)

    def diff(self, call: Call[Session], id: str, old: State, new: Properties) -> Diff:
        """Against the state, as AWS would compare."""
        self._journal.spoken_of(call.urn, id)
        return _difference(call, old.outputs, new)

    def create(self, call: Call[Session], inputs: Properties) -> Created:
        """Makes it; what was made before a failure stays in the state, to be finished by the next update."""
        step = _step(call, new=inputs)
        if call.preview:
            return Created(id="", outputs=foreseen(step))
        adopted = self._adopted(call, inputs)
        if adopted is not None:
            return adopted
        try:
            with failures(step):
                step.made(step.entry.create(step))
                self._journal.created(call.urn, step.id)
                return Created(id=step.id, outputs=required(step, live(step)))
        except AwsProviderError as error:
            if not step.id:
                raise
            self._journal.created(call.urn, step.id)
            raise InitFailedError([str(error)], id=step.id, outputs=salvaged(step)) from error

    def _adopted(self, call: Call[Session], inputs: Properties) -> Created | None:
        """What a killed run has made for this resource, brought to the inputs; None if there is nothing.

        One that cannot be brought there (a made-up name, say) is deleted, so that nothing of it stays.
        """
        id_ = self._journal.orphan(call.urn)
        if id_ is None:
            return None
        self._journal.spoken_of(call.urn, id_)
        step = _step(call, id=id_, old=inputs)
        with failures(step):
            state = live(step)
        if state is None:
            return None
        if _difference(call, state, inputs).replaces:
            self.delete(call, id_, State(inputs=inputs, outputs=state))
            return None
        outputs = self.update(call, id_, State(inputs=inputs, outputs=state), inputs)
        self._journal.created(call.urn, id_)
        call.warn(f"{id_} was made by a run that was killed before it was written down; it is taken over")
        return Created(id=id_, outputs=outputs)

    def read(self, call: Call[Session], id: str, old: State) -> Live | None:
        """What AWS holds now, in the state's words where nothing changed."""
        self._journal.spoken_of(call.urn, id)
        entry = entry_of(call.type)
        known = old.outputs or old.inputs or entry.import_keys(id)
        step = _step(call, id=id, old=known)
        with failures(step):
            state = live(step)
        if state is None:
            return None
        return Live(id=step.id, inputs=inputs_shaped(entry, state, old), outputs=state)

    def update(self, call: Call[Session], id: str, old: State, new: Properties) -> Properties:
        """Changes it in place."""
        self._journal.spoken_of(call.urn, id)
        step = _step(call, id=id, old=old.outputs, new=new)
        if call.preview:
            return foreseen(step)
        with failures(step):
            if step.entry.update is not None:
                step.entry.update(step)
            return required(step, live(step))

    def delete(self, call: Call[Session], id: str, old: State) -> None:
        """Deletes it; that it is gone already is no error."""
        self._journal.spoken_of(call.urn, id)
        step = _step(call, id=id, old=old.outputs)
        with failures(step):
            try:
                step.entry.delete(step)
            except ClientError as error:
                if code_of(error) not in step.entry.gone:
                    raise

    def invoke(self, call: Call[Session], token: str, args: Properties) -> Properties:
        """A function of the real provider."""
        function = INVOKES.get(token)
        if function is None:
            known = ", ".join(sorted(INVOKES))
            raise UnsupportedTypeError(
                f"{token}: the sandbox's aws provider has no such function; it has {known}"
            )
        try:
            return function(call.instance, args)
        except ClientError as error:
            raise CallFailedError(error.operation_name, token, code_of(error), message_of(error)) from error


def _difference(call: Call[Session], state: Properties, new: Properties) -> Diff:
    entry = entry_of(call.type)
    wanted = {**new, "region": new.get("region") or call.instance.region} if entry.regional else new
    return diff(entry, state, wanted, call.instance.default_tags)


def entry_of(token: str) -> Entry:
    """The table's entry. Raises UnsupportedTypeError naming the type."""
    entry = ENTRIES.get(token)
    if entry is None:
        raise UnsupportedTypeError(
            f"{token}: the sandbox's aws provider has no entry for this type; "
            "sandbox/providers/aws/table holds them"
        )
    return entry


def _step(
    call: Call[Session], *, id: str = "", old: Properties | None = None, new: Properties | None = None
) -> Step:
    given = (new or {}).get("region") or (old or {}).get("region") or call.instance.region
    return Step(
        session=call.instance,
        entry=entry_of(call.type),
        name=call.name,
        region=call.instance.region if given is UNKNOWN else given,
        id=id,
        old=old or {},
        new=new or {},
        timeout=call.timeout,
        cancelled=call.cancelled,
    )
