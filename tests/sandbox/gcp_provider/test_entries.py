"""Every entry of the table through its whole life, on a real fake-gcs-server."""

from __future__ import annotations

import copy

import pytest

from sandbox.providers.base import UNKNOWN, Properties, State
from sandbox.providers.gcp.errors import CallFailedError
from sandbox.providers.gcp.kept.identity_pools import DELETED
from sandbox.providers.gcp.table import ENTRIES
from tests.sandbox.driver import RefusedError, Resource
from tests.sandbox.gcp_provider.samples import (
    BUCKET,
    PROJECT,
    SAMPLES,
    GcpDriver,
    Sample,
    bucket,
    bucket_inputs,
    job_inputs,
)

pytestmark = pytest.mark.engine

NAME = "sample"


def assert_settled(driver: GcpDriver, resource: Resource) -> None:
    """A refresh finds nothing, and the same inputs change nothing."""
    live = driver.read(resource)
    assert live is not None
    assert live.outputs == resource.outputs
    assert live.inputs == resource.inputs
    assert driver.diff(resource, resource.inputs).changes == ()


def test_every_entry_has_a_sample() -> None:
    assert {sample.token for sample in SAMPLES} == set(ENTRIES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.token)
def test_life(driver: GcpDriver, sample: Sample) -> None:
    """Foreseen, made, read, changed, meddled with, mended, deleted; and nothing is left."""
    inputs = sample.inputs(driver)
    checked = driver.check(sample.token, NAME, inputs)
    foreseen = driver.provider.create(driver.call(sample.token, NAME, preview=True), checked)
    assert all(foreseen.outputs[name] is UNKNOWN for name in ENTRIES[sample.token].outputs)
    resource = driver.create(sample.token, NAME, copy.deepcopy(inputs))
    assert set(ENTRIES[sample.token].outputs) <= set(resource.outputs)
    assert_settled(driver, resource)
    if sample.change is not None:
        assert_changed_in_place(driver, resource, inputs, sample.change)
    sample.meddle(driver, resource)
    assert_drift_found(driver, sample, resource, inputs)
    for made in reversed(list(driver.made)):
        driver.delete(made)
        driver.made.append(made)
        driver.delete(made)  # that it is gone already is no error
    # A deleted pool keeps its name, as it does at Google.
    assert [kind for kind, _, _ in driver.session.api.store.everything() if kind != DELETED] == []
    assert list(driver.session.api.server.buckets("")) == []


def assert_changed_in_place(
    driver: GcpDriver, resource: Resource, inputs: Properties, change: Properties
) -> None:
    wanted = {**inputs, **change}
    diff = driver.diff(resource, wanted)
    assert {str(one.path[0]) for one in diff.changes} == set(change)
    assert not diff.replaces
    driver.update(resource, wanted)
    assert_settled(driver, resource)
    driver.update(resource, inputs)
    assert_settled(driver, resource)


def assert_drift_found(driver: GcpDriver, sample: Sample, resource: Resource, inputs: Properties) -> None:
    live = driver.read(resource)
    if sample.drifted is None:
        assert live is None
        return
    assert live is not None
    assert live.inputs.get(sample.drifted) != resource.inputs.get(sample.drifted)
    resource.outputs = live.outputs
    driver.update(resource, inputs)
    assert_settled(driver, resource)


WRONG = [(sample, wrong, named) for sample in SAMPLES for wrong, named in sample.wrong]


@pytest.mark.parametrize(
    ("sample", "wrong", "named"),
    WRONG,
    ids=[f"{s.token.rpartition(':')[2]}-{next(iter(w))}" for s, w, _ in WRONG],
)
def test_what_google_would_refuse_is_refused_in_one_line_that_names_it(
    driver: GcpDriver, sample: Sample, wrong: Properties, named: str
) -> None:
    inputs = {**sample.inputs(driver), **wrong}
    before = driver.session.api.store.everything()
    with pytest.raises((CallFailedError, RefusedError)) as caught:
        driver.create(sample.token, NAME, inputs)
    assert named in str(caught.value)
    assert sample.token in str(caught.value)
    assert "\n" not in str(caught.value)
    assert driver.session.api.store.everything() == before


def test_a_name_that_somebody_else_has_is_refused_as_google_does(driver: GcpDriver) -> None:
    driver.session.api.server.call("POST", "b", {"name": BUCKET}, project="somebody")
    try:
        with pytest.raises(CallFailedError, match=r"409 conflict: .*requested bucket name is not available"):
            bucket(driver)
    finally:
        driver.session.api.server.call("DELETE", f"b/{BUCKET}")


def test_a_bucket_is_listed_and_imported_as_what_it_was_made_as(driver: GcpDriver) -> None:
    id_ = bucket(driver)
    call = driver.call("", "")
    token = "gcp:storage/getBuckets:getBuckets"
    found = driver.provider.invoke(call, token, {"project": PROJECT, "prefix": BUCKET})["buckets"]
    assert [one["name"] for one in found] == [BUCKET]
    assert driver.provider.invoke(call, token, {"project": "another-one"})["buckets"] == []
    import_call = driver.call("gcp:storage/bucket:Bucket", "again")
    live = driver.provider.read(import_call, id_, State(inputs={}, outputs={}))
    assert live is not None
    imported = State(inputs=live.inputs, outputs=live.outputs)
    assert driver.provider.diff(import_call, id_, imported, bucket_inputs()).changes == ()


def test_a_bucket_that_is_gone_or_another_one_now_is_not_taken_for_the_old_one(driver: GcpDriver) -> None:
    id_ = bucket(driver)
    (made,) = driver.made
    server = driver.session.api.server
    server.call("DELETE", f"b/{id_}")
    assert driver.read(made) is None
    assert driver.session.api.store.everything() == []


def test_a_bucket_with_objects_goes_only_by_force(driver: GcpDriver) -> None:
    id_ = bucket(driver)
    (made,) = driver.made
    server = driver.session.api.server
    httpx = server._http  # pyright: ignore[reportPrivateUsage]
    for _ in range(2):  # two generations
        upload = f"{server.endpoint}/upload/storage/v1/b/{id_}/o?uploadType=media&name=model.bin"
        assert httpx.post(upload, content=b"model").is_success
    assert len(list(server.objects(id_))) == 2
    with pytest.raises(CallFailedError, match=r"409 conflict: .*not empty"):
        driver.delete(made)
    driver.update(made, bucket_inputs(forceDestroy=True))
    driver.delete(made)
    assert list(server.buckets("")) == []


def test_a_job_needs_a_sink_that_its_agent_may_write_to(driver: GcpDriver) -> None:
    with pytest.raises(CallFailedError, match=r"lacks storage\.buckets\.get, storage\.objects\.create"):
        driver.create("gcp:storage/transferJob:TransferJob", NAME, job_inputs(bucket(driver)))


def test_a_deleted_pool_keeps_its_name(driver: GcpDriver) -> None:
    token = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
    made = driver.create(token, NAME, {"workloadIdentityPoolId": "standfast-b"})
    driver.delete(made)
    with pytest.raises(CallFailedError, match="409 ALREADY_EXISTS"):
        driver.create(token, NAME, {"workloadIdentityPoolId": "standfast-b"})
