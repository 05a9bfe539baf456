"""What the engine keeps of a resource: foreseen in a preview, said again as inputs."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base.model import State
from sandbox.providers.base.table.entry import Entry, Step
from sandbox.providers.base.table.fields import is_empty, same
from sandbox.providers.base.values import UNKNOWN, Properties


def foreseen(step: Step[Any]) -> Properties:
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
    if entry.taggable:
        state[entry.all_tags] = UNKNOWN if step.new.get(entry.tags) is UNKNOWN else step.tags_all
    return state


def own_tags(step: Step[Any], present: Properties) -> Properties:
    """Both outputs for the tags that a resource has: what only the provider's default tags say is not the
    resource's own.
    """
    entry = step.entry
    own = step.wish.get(entry.tags) or {}
    mine = {key: value for key, value in present.items() if key in own or step.default_tags.get(key) != value}
    return {entry.all_tags: present, **({entry.tags: mine} if mine or own else {})}


def inputs_shaped(entry: Entry[Any], state: Properties, old: State) -> Properties:
    """What a program would have to say to get the state: what it said, and what has drifted from that.

    For an import nothing was said: whatever the cloud has that is neither its own choice nor a default.
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
