"""The table's interpreter: one engine call on one resource becomes the entry's boto3 calls."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
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
    RefusedRequestError,
    UnsupportedTypeError,
)
from sandbox.providers.aws.invokes import INVOKES
from sandbox.providers.aws.schema import is_empty, same, settle
from sandbox.providers.aws.settings import parse, refuse_account, unknown_settings
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

    def diff(self, call: Call[Session], id: str, old: State, new: Properties) -> Diff:  # noqa: ARG002
        """Against the state, as AWS would compare."""
        entry = entry_of(call.type)
        wanted = {**new, "region": new.get("region") or call.instance.region} if entry.regional else new
        return diff(entry, old.outputs, wanted, call.instance.default_tags)

    def create(self, call: Call[Session], inputs: Properties) -> Created:
        """Makes it; what was made before a failure stays in the state, to be finished by the next update."""
        step = _step(call, new=inputs)
        if call.preview:
            return Created(id="", outputs=_foreseen(step))
        try:
            with failures(step):
                step.made(step.entry.create(step))
                return Created(id=step.id, outputs=_required(step, _live(step)))
        except AwsProviderError as error:
            if not step.id:
                raise
            raise InitFailedError([str(error)], id=step.id, outputs=_salvaged(step)) from error

    def read(self, call: Call[Session], id: str, old: State) -> Live | None:
        """What AWS holds now, in the state's words where nothing changed."""
        entry = entry_of(call.type)
        known = old.outputs or old.inputs or entry.import_keys(id)
        step = _step(call, id=id, old=known)
        with failures(step):
            state = _live(step)
        if state is None:
            return None
        return Live(id=step.id, inputs=_inputs_shaped(entry, state, old), outputs=state)

    def update(self, call: Call[Session], id: str, old: State, new: Properties) -> Properties:
        """Changes it in place."""
        step = _step(call, id=id, old=old.outputs, new=new)
        if call.preview:
            return _foreseen(step)
        with failures(step):
            if step.entry.update is not None:
                step.entry.update(step)
            return _required(step, _live(step))

    def delete(self, call: Call[Session], id: str, old: State) -> None:
        """Deletes it; that it is gone already is no error."""
        step = _step(call, id=id, old=old.outputs)
        with failures(step):
            try:
                step.entry.delete(step)
            except ClientError as error:
                if _code(error) not in step.entry.gone:
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
            raise CallFailedError(error.operation_name, token, _code(error), _message(error)) from error


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


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def failures(step: Step) -> Generator[None]:
    """Every failure of AWS as one line: operation, resource, code, message."""
    resource = f"{step.entry.token} {step.name!r}"
    try:
        yield
    except ClientError as error:
        raise CallFailedError(error.operation_name, resource, _code(error), _message(error)) from error
    except RefusedRequestError as error:
        raise CallFailedError(error.operation, resource, "RefusedRequest", error.report) from error
    except BotoCoreError as error:
        raise CallFailedError("a call", resource, type(error).__name__, str(error)) from error


def _live(step: Step) -> Properties | None:
    """What AWS holds now as the state to keep, None if it is gone."""
    try:
        have = step.entry.read(step)
    except ClientError as error:
        if _code(error) not in step.entry.gone:
            raise
        return None
    if have is None:
        return None
    state = settle(step.entry.fields, {"id": step.id, **have}, step.wish)
    if step.entry.regional:
        state["region"] = step.region
    if step.entry.taggable:
        state |= _tags(step, have.get("tagsAll") or {})
    return state


def _tags(step: Step, found: Mapping[str, str]) -> Properties:
    """`tags` and `tagsAll` of a resource: what only the provider's default tags say is not the resource's
    own.
    """
    present = {key: value for key, value in found.items() if not key.startswith("aws:")}
    own = step.wish.get("tags") or {}
    defaults = step.session.default_tags
    mine = {key: value for key, value in present.items() if key in own or defaults.get(key) != value}
    return {"tagsAll": present, **({"tags": mine} if mine or own else {})}


def _required(step: Step, state: Properties | None) -> Properties:
    if state is None:
        raise CallFailedError(
            "reading back", f"{step.entry.token} {step.name!r}", "NotFound", "it is not there"
        )
    return state


def _salvaged(step: Step) -> Properties:
    """The state of a half-made thing: what AWS has of it, so that the next diff finds what is still to do."""
    try:
        state = _live(step)
    except (ClientError, BotoCoreError, AwsProviderError, KeyError):
        state = None
    return state or {"id": step.id, **({"region": step.region} if step.entry.regional else {})}


def _foreseen(step: Step) -> Properties:
    """What a preview can say of the outputs."""
    entry = step.entry
    state: Properties = {**step.old, **step.new}
    for name, one in entry.fields.items():
        if step.new.get(name) is None and not one.computed:
            state.pop(name, None)
    fresh = () if step.id else (*entry.outputs, *(name for name, one in entry.fields.items() if one.computed))
    for name in (*fresh, *(entry.volatile if step.id else ())):
        if step.new.get(name) is None:
            state[name] = UNKNOWN
    if entry.regional:
        state["region"] = step.region
    if entry.taggable:
        state["tagsAll"] = UNKNOWN if step.new.get("tags") is UNKNOWN else step.tags_all
    return state


def _inputs_shaped(entry: Entry, state: Properties, old: State) -> Properties:
    """What a program would have to say to get the state: what it said, and what has drifted from that.

    For an import nothing was said: whatever AWS has that is neither its own choice nor a default.
    """
    shaped: Properties = {}
    for name, one in entry.fields.items():
        value, before = state.get(name), old.outputs.get(name)
        if value is None:
            continue
        if name in old.inputs:
            wanted = old.inputs[name]
            shaped[name] = wanted if same(one, wanted, value) else value
        elif old.outputs:
            if not one.computed and not same(one, value, before) and not same(one, before, value):
                shaped[name] = value
        elif (not one.computed or one.auto_name) and not is_empty(value) and value != one.default:
            shaped[name] = value
    return shaped
