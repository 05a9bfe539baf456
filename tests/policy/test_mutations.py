"""Both stacks pass; each realistic mistake is caught by the rule meant for it; harmless edits by none."""

from __future__ import annotations

import pytest

from tests.policy.changes import Change, bad_copy, bad_ground, bad_recovery, bad_workloads
from tests.policy.changes.harmless import HARMLESS
from tests.policy.stacks import PEERS, RULES, Draft, alone, joined, refused, seen
from tests.program.regions import outputs_of, record_region, region_text

BAD = [*bad_workloads.BAD, *bad_recovery.BAD, *bad_ground.BAD, *bad_copy.BAD]


def named(change: Change) -> str:
    return f"{change.rule or 'harmless'}: {change.says}"


@pytest.mark.parametrize("region", PEERS)
def test_a_region_passes_alone_and_joined(region: str) -> None:
    assert refused(alone(region)) == []
    assert refused(joined(region)) == []


@pytest.mark.parametrize("source", ["peer", "gcs"])
def test_a_region_passes_wherever_its_pods_read_their_models(source: str) -> None:
    text = {**region_text("us-east"), "readsFrom": source}
    peer = outputs_of(record_region("eu-west"))
    assert refused(seen(record_region("us-east", {"eu-west": peer}, region=text), "us-east")) == []


@pytest.mark.parametrize("change", BAD, ids=named)
def test_a_mistake_is_caught_by_the_rule_meant_for_it(change: Change) -> None:
    for region in PEERS:
        draft = Draft(joined(region))
        change.apply(draft)
        found = list(RULES[change.rule].findings(draft.stack()))
        assert found, f"{change.rule} lets it pass in {region}"


@pytest.mark.parametrize("change", HARMLESS, ids=named)
def test_a_harmless_change_is_caught_by_none(change: Change) -> None:
    for region in PEERS:
        draft = Draft(joined(region))
        change.apply(draft)
        stack = draft.stack()
        assert stack.resources != joined(region).resources
        assert refused(stack) == []


def test_there_are_enough_of_both_and_each_once() -> None:
    assert len(BAD) >= 60
    assert len(HARMLESS) >= 20
    assert len({named(change) for change in [*BAD, *HARMLESS]}) == len(BAD) + len(HARMLESS)


def test_every_rule_that_refuses_has_a_mistake_that_it_catches() -> None:
    assert {change.rule for change in BAD} == {rule.id for rule in RULES.values() if not rule.advisory}
