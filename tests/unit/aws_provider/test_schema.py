from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.base import UNKNOWN
from sandbox.providers.base.table.checks import check
from sandbox.providers.base.table.diffs import diff
from sandbox.providers.base.table.fields import (
    Fields,
    block,
    block_set,
    flag,
    policy,
    same,
    settle,
    string_set,
    strings,
    tags,
    text,
    whole,
)
from sandbox.providers.base.table.shapes import from_api, to_api

RULE: Fields = {"port": whole(required=True), "cidrs": string_set(), "note": text()}
FIELDS: Fields = {
    "name": text(auto_name=20, replace=True),
    "size": whole(),
    "open": flag(default=True),
    "kind": text(choices=("a", "b")),
    "zones": strings(),
    "rules": block_set(RULE),
    "inner": block({"mode": text(computed=True), "fixed": text(replace=True)}),
    "policy": policy(),
    "made": text(computed=True),
    "hint": text(local=True),
    "tags": tags(),
}


def _unused(_step: Step) -> Any:
    raise AssertionError


ENTRY = Entry(token="aws:test/thing:Thing", fields=FIELDS, create=_unused, read=_unused, delete=_unused)

words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
rules = st.lists(
    st.fixed_dictionaries({"port": st.integers(1, 9), "cidrs": st.lists(words, unique=True)}), max_size=4
)


@given(rules, st.randoms(use_true_random=False))
def test_sets_are_the_same_in_any_order(wanted: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = [{**rule, "cidrs": chance.sample(rule["cidrs"], len(rule["cidrs"]))} for rule in wanted]
    chance.shuffle(shuffled)
    assert same(FIELDS["rules"], wanted, shuffled)
    assert not same(FIELDS["rules"], wanted, [*shuffled, {"port": 10, "cidrs": []}])


@given(st.lists(words, min_size=2, max_size=5, unique=True))
def test_lists_are_the_same_in_order_only(zones: list[str]) -> None:
    assert same(FIELDS["zones"], zones, list(zones))
    assert not same(FIELDS["zones"], zones, zones[::-1])


@given(st.lists(words, min_size=1, max_size=4, unique=True), st.randoms(use_true_random=False))
def test_policies_are_the_same_as_iam_reads_them(actions: list[str], chance: random.Random) -> None:
    shuffled = chance.sample(actions, len(actions))
    one = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": ["*"]}]}
    other = {"Statement": {"Resource": "*", "Action": shuffled, "Effect": "Allow"}}
    assert same(FIELDS["policy"], json.dumps(one), json.dumps(other, indent=1))
    wider = {"Statement": [{"Effect": "Allow", "Action": [*actions, "more:*"], "Resource": ["*"]}]}
    assert not same(FIELDS["policy"], json.dumps(one), json.dumps(wider))


@given(rules, st.randoms(use_true_random=False))
def test_a_read_after_no_change_gives_the_state_back(
    wanted: list[dict[str, Any]], chance: random.Random
) -> None:
    state = {
        "name": "x",
        "rules": wanted,
        "hint": "mine",
        "open": False,
        "inner": {"fixed": "f", "mode": "m"},
    }
    answer = {**state, "rules": chance.sample(wanted, len(wanted)), "arn": "arn", "made": "by AWS"}
    del answer["hint"]
    settled = settle(FIELDS, answer, state)
    assert settled == {**state, "arn": "arn", "made": "by AWS"}
    assert settle(FIELDS, settled, settled) == settled


@given(rules)
def test_a_request_and_its_answer_are_each_others_inverse(wanted: list[dict[str, Any]]) -> None:
    values = {"size": 3, "rules": wanted, "inner": {"mode": "m"}}
    request = to_api(FIELDS, values)
    assert set(request) == {"Size", "Rules", "Inner"}
    assert from_api(FIELDS, request) == values


def test_check_finds_every_fault_at_its_path() -> None:
    wrong = {
        "size": "big",
        "open": 1,
        "kind": "c",
        "rules": [{"cidrs": [1], "nose": 1}],
        "policy": "{",
        "x": 1,
    }
    failures = {failure.property for failure in check(ENTRY, "some", {}, wrong).failures}
    assert failures == {
        "size",
        "open",
        "kind",
        "rules[0].cidrs[0]",
        "rules[0].nose",
        "rules[0].port",
        "policy",
        "x",
    }


def test_check_lets_what_is_not_known_yet_pass() -> None:
    inputs = {"size": UNKNOWN, "rules": [{"port": UNKNOWN, "cidrs": [UNKNOWN]}], "inner": UNKNOWN}
    assert check(ENTRY, "some", {}, inputs).failures == []


def test_a_name_is_made_once_and_kept() -> None:
    first = check(ENTRY, "a-long-logical-name", {}, {}).inputs["name"]
    assert len(first) == 20
    assert first.startswith("a-long-logic-")
    assert check(ENTRY, "a-long-logical-name", {"name": first}, {}).inputs["name"] == first
    assert check(ENTRY, "a-long-logical-name", {}, {}).inputs["name"] != first


def _changes(state: dict[str, Any], new: dict[str, Any]) -> dict[str, bool]:
    state = {"name": "x", "open": True, **state}
    new = {"name": "x", "open": True, **new}
    return {change.text: change.replace for change in diff(ENTRY, state, new, {"all": "1"}).changes}


def test_diff_names_the_deepest_place_and_what_replaces() -> None:
    settled = {"tagsAll": {"all": "1"}}
    assert _changes(settled, {}) == {}
    assert _changes({**settled, "made": "by AWS"}, {}) == {}
    assert _changes({**settled, "inner": {"mode": "m", "fixed": "f"}}, {"inner": {"fixed": "g"}}) == {
        "inner.fixed": True
    }
    assert _changes({**settled, "size": 3}, {}) == {"size": False}
    assert _changes({**settled, "size": 3}, {"size": UNKNOWN}) == {"size": False}
    assert _changes(settled, {"name": "y"}) == {"name": True}


def test_default_tags_that_are_missing_are_a_change_of_tags_all() -> None:
    assert _changes({"tagsAll": {"a": "1"}, "tags": {"a": "1"}}, {"tags": {"a": "2"}}) == {
        "tags.a": False,
        "tagsAll.all": False,
    }


def test_the_name_stays_so_the_old_one_goes_first() -> None:
    state = {"name": "x", "open": True, "inner": {"fixed": "f"}, "tagsAll": {}}
    kept = diff(ENTRY, state, {"name": "x", "open": True, "inner": {"fixed": "g"}}, {})
    assert kept.replaces
    assert kept.delete_before_replace
    renamed = diff(ENTRY, state, {"name": "y", "open": True, "inner": {"fixed": "f"}}, {})
    assert renamed.replaces
    assert not renamed.delete_before_replace


def test_an_explicit_false_of_a_computed_switch_is_wanted() -> None:
    switch = flag(computed=True)
    assert same(switch, None, True)
    assert not same(switch, False, True)
    assert same(block({"on": switch}), {}, {"on": True})
