"""Every entry of the table through its whole life, on a real moto server."""

from __future__ import annotations

import copy

import pytest

from sandbox.providers.aws.errors import CallFailedError
from sandbox.providers.aws.table import ENTRIES
from sandbox.providers.base import UNKNOWN, Properties
from tests.sandbox.aws_provider.driver import Driver, RefusedError, Resource
from tests.sandbox.aws_provider.ground import Sample
from tests.sandbox.aws_provider.inventory import inventory, services_of
from tests.sandbox.aws_provider.samples import SAMPLES

NAME = "sample"


def _ids(samples: list[Sample]) -> list[str]:
    return [f"{index}-{sample.token.rsplit(':', 1)[-1]}" for index, sample in enumerate(samples)]


@pytest.fixture(params=SAMPLES, ids=_ids(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    return request.param


def assert_settled(driver: Driver, resource: Resource) -> None:
    """A refresh finds nothing, and the same inputs change nothing."""
    live = driver.read(resource)
    assert live is not None
    assert live.outputs == resource.outputs
    assert live.inputs == {name: value for name, value in resource.inputs.items() if value is not None}
    assert driver.diff(resource, resource.inputs).changes == ()


def test_every_entry_has_a_sample() -> None:
    assert {sample.token for sample in SAMPLES} == set(ENTRIES)


def test_life(driver: Driver, empty: dict[str, set[str]], sample: Sample) -> None:
    """Made, read, changed, meddled with, mended, deleted; and nothing is left, beside moto neither."""
    inputs = sample.inputs(driver)
    assert_foreseen(driver, sample, inputs)
    resource = driver.create(sample.token, NAME, copy.deepcopy(inputs))
    assert_made(resource, inputs)
    assert_settled(driver, resource)
    if sample.change is not None:
        assert_changed_in_place(driver, sample, resource, inputs)
    sample.meddle(driver, resource)
    assert_drift_found(driver, sample, resource, inputs)
    for made in reversed(list(driver.made)):
        driver.delete(made)
        driver.made.append(made)
        driver.delete(made)  # that it is gone already is no error
    touched = services_of(driver)
    assert inventory(driver, touched) == {service: empty[service] for service in touched}
    assert driver.session.clients.store.everything() == []


def assert_foreseen(driver: Driver, sample: Sample, inputs: Properties) -> None:
    """A preview says what is known and touches nothing."""
    checked = driver.check(sample.token, NAME, inputs)
    created = driver.provider.create(driver.call(sample.token, NAME, preview=True), checked)
    assert created.id == ""
    assert all(created.outputs[name] is UNKNOWN for name in ENTRIES[sample.token].outputs)
    assert {name: created.outputs[name] for name in checked} == checked


def assert_made(resource: Resource, inputs: Properties) -> None:
    entry = ENTRIES[resource.token]
    assert set(entry.outputs) <= set(resource.outputs)
    assert resource.outputs["id"] == resource.id
    if entry.taggable:
        assert resource.outputs["tagsAll"] == {"platform": "standfast", **inputs.get("tags", {})}


def assert_changed_in_place(driver: Driver, sample: Sample, resource: Resource, inputs: Properties) -> None:
    wanted = {**inputs, **(sample.change or {})}
    diff = driver.diff(resource, wanted)
    assert {change.path[0] for change in diff.changes} == set(sample.change or {})
    assert not diff.replaces
    driver.update(resource, wanted)
    assert_settled(driver, resource)
    if sample.back:
        driver.update(resource, inputs)
        assert_settled(driver, resource)


def assert_drift_found(driver: Driver, sample: Sample, resource: Resource, inputs: Properties) -> None:
    live = driver.read(resource)
    if sample.drifted is None:
        assert live is None
        return
    assert live is not None
    assert live.inputs.get(sample.drifted) != resource.inputs.get(sample.drifted)
    resource.outputs = live.outputs
    assert sample.drifted in {change.path[0] for change in driver.diff(resource, inputs).changes}
    driver.update(resource, inputs)
    assert_settled(driver, resource)


@pytest.mark.parametrize("wrong", [s for s in SAMPLES if s.wrong], ids=lambda s: s.token)
def test_what_aws_would_refuse_is_refused_and_nothing_is_made(driver: Driver, wrong: Sample) -> None:
    inputs = {**wrong.inputs(driver), **(wrong.wrong or {})}
    with pytest.raises((CallFailedError, RefusedError)) as caught:
        driver.create(wrong.token, NAME, inputs)
    assert "\n" not in str(caught.value)
    assert wrong.token in str(caught.value)
    assert f"'{NAME}'" in str(caught.value)
