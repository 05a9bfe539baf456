"""What the engine keeps of a resource: read from AWS, foreseen in a preview, said again as inputs."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.errors import AwsProviderError, CallFailedError, RefusedRequestError
from sandbox.providers.aws.schema import is_empty, same, settle
from sandbox.providers.base import UNKNOWN, Properties, State


def code_of(error: ClientError) -> str:
    """The AWS error code."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: ClientError) -> str:
    """The AWS error message."""
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def failures(step: Step) -> Generator[None]:
    """Every failure of AWS as one line: operation, resource, code, message."""
    resource = f"{step.entry.token} {step.name!r}"
    try:
        yield
    except ClientError as error:
        raise CallFailedError(error.operation_name, resource, code_of(error), message_of(error)) from error
    except RefusedRequestError as error:
        raise CallFailedError(error.operation, resource, "RefusedRequest", error.report) from error
    except BotoCoreError as error:
        raise CallFailedError("a call", resource, type(error).__name__, str(error)) from error


def live(step: Step) -> Properties | None:
    """What AWS holds now as the state to keep, None if it is gone."""
    try:
        have = step.entry.read(step)
    except ClientError as error:
        if code_of(error) not in step.entry.gone:
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


def required(step: Step, state: Properties | None) -> Properties:
    """The state of what must be there. Raises CallFailedError if it is not."""
    if state is None:
        raise CallFailedError(
            "reading back", f"{step.entry.token} {step.name!r}", "NotFound", "it is not there"
        )
    return state


def salvaged(step: Step) -> Properties:
    """The state of a half-made thing: what AWS has of it, so that the next diff finds what is still to do."""
    try:
        state = live(step)
    except (ClientError, BotoCoreError, AwsProviderError, KeyError):
        state = None
    return state or {"id": step.id, **({"region": step.region} if step.entry.regional else {})}


def foreseen(step: Step) -> Properties:
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


def inputs_shaped(entry: Entry, state: Properties, old: State) -> Properties:
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
