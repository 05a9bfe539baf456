"""Every entry of the table through its whole life, on a real moto server."""

from __future__ import annotations

import copy

import pytest

from sandbox.providers.aws.errors import CallFailedError
from sandbox.providers.aws.table import ENTRIES
from sandbox.providers.base import UNKNOWN, Properties
from tests.sandbox.aws_provider.driver import Driver, Refused, Resource
from tests.sandbox.aws_provider.samples import SAMPLES, Sample

NAME = "sample"


def _ids(samples: list[Sample]) -> list[str]:
    return [f"{index}-{sample.token.rsplit(':', 1)[-1]}" for index, sample in enumerate(samples)]


@pytest.fixture(params=SAMPLES, ids=_ids(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    return request.param


def make(driver: Driver, sample: Sample) -> tuple[Resource, Properties]:
    inputs = sample.inputs(driver)
    return driver.create(sample.token, NAME, copy.deepcopy(inputs)), inputs


def assert_settled(driver: Driver, resource: Resource) -> None:
    """A refresh finds nothing, and the same inputs change nothing."""
    live = driver.read(resource)
    assert live is not None
    assert live.outputs == resource.outputs
    assert live.inputs == {name: value for name, value in resource.inputs.items() if value is not None}
    assert driver.diff(resource, resource.inputs).changes == ()


def test_every_entry_has_a_sample() -> None:
    assert {sample.token for sample in SAMPLES} == set(ENTRIES)


def test_life(driver: Driver, sample: Sample) -> None:
    resource, inputs = make(driver, sample)
    entry = ENTRIES[sample.token]
    assert set(entry.outputs) <= set(resource.outputs) | {"hostedZoneId"}
    assert resource.outputs["id"] == resource.id
    if entry.taggable:
        assert resource.outputs["tagsAll"] == {"platform": "standfast", **inputs.get("tags", {})}
    assert_settled(driver, resource)

    if sample.change is not None:
        wanted = {**inputs, **sample.change}
        diff = driver.diff(resource, wanted)
        assert {change.path[0] for change in diff.changes} == set(sample.change)
        assert not diff.replaces
        driver.update(resource, wanted)
        assert_settled(driver, resource)
        driver.update(resource, inputs)
        assert_settled(driver, resource)

    live = _after_meddling(driver, sample, resource)
    if sample.drifted is None:
        assert live is None
    else:
        assert live is not None
        assert live.inputs.get(sample.drifted) != resource.inputs.get(sample.drifted)
        old = Resource(
            token=resource.token,
            name=NAME,
            id=resource.id,
            inputs=resource.inputs,
            outputs=live.outputs,
        )
        diff = driver.diff(old, inputs)
        assert sample.drifted in {change.path[0] for change in diff.changes}
        driver.update(old, inputs)
        assert_settled(driver, old)


def _after_meddling(driver: Driver, sample: Sample, resource: Resource):  # noqa: ANN202
    sample.meddle(driver, resource)
    return driver.read(resource)


def test_preview_says_what_is_known_and_touches_nothing(driver: Driver, sample: Sample) -> None:
    inputs = sample.inputs(driver)
    checked = driver.check(sample.token, NAME, inputs)
    created = driver.provider.create(driver.call(sample.token, NAME, preview=True), checked)
    assert created.id == ""
    for name in ENTRIES[sample.token].outputs:
        assert created.outputs[name] is UNKNOWN
    for name, value in checked.items():
        assert created.outputs[name] == value


def test_destroy_leaves_nothing(driver: Driver, sample: Sample) -> None:
    make(driver, sample)
    for resource in reversed(list(driver.made)):
        driver.delete(resource)
        driver.made.append(resource)
        assert driver.read(resource) is None or not resource.token.startswith("aws:acm/certificateValidation")
        driver.delete(resource)
    assert driver.session.clients.store.everything() == []


def test_unknown_input_is_refused_by_name(driver: Driver, sample: Sample) -> None:
    with pytest.raises(Refused, match=f"{sample.token}.*knows no input unheardOf"):
        driver.check(sample.token, NAME, {"unheardOf": "x"})


@pytest.mark.parametrize("wrong", [s for s in SAMPLES if s.wrong], ids=lambda s: s.token)
def test_what_aws_would_refuse_is_refused_and_nothing_is_made(driver: Driver, wrong: Sample) -> None:
    inputs = {**wrong.inputs(driver), **(wrong.wrong or {})}
    with pytest.raises((CallFailedError, Refused)) as caught:
        driver.create(wrong.token, NAME, inputs)
    assert "\n" not in str(caught.value)
    assert wrong.token in str(caught.value)
    assert f"'{NAME}'" in str(caught.value)
