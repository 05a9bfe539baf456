from __future__ import annotations

from typing import Any

import pytest

from sandbox.providers.gcp.descriptions import description
from sandbox.providers.gcp.kept import HANDLERS
from sandbox.providers.gcp.kept.bucket_policies import permissions
from sandbox.providers.gcp.kept.places import DUAL_REGIONS, REGIONS, location_type
from sandbox.providers.gcp.kept.projects import transfer_agent, transfer_subject

SINK = {"gcsDataSink": {"bucketName": "copies"}}


def faults(method: str, body: dict[str, Any] | None = None, **params: Any) -> list[str]:
    described = description(method.partition(".")[0])
    return described.faults(described.method(method), params, body)


@pytest.mark.parametrize("method", HANDLERS)
def test_every_method_that_is_answered_is_one_of_google(method: str) -> None:
    assert description(method.partition(".")[0]).method(method).id == method


def test_a_sound_request_has_no_faults() -> None:
    job = {"projectId": "p", "status": "ENABLED", "transferSpec": SINK, "schedule": {"scheduleStartDate": {}}}
    assert faults("storagetransfer.transferJobs.create", job) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"colour": "red"}, "colour: TransferJob has no such field; it has creationTime, deletionTime"),
        ({"transferSpec": {"gcsDataSink": {}}}, "transferSpec.gcsDataSink.bucketName: is required"),
        ({"schedule": {}}, "schedule.scheduleStartDate: is required"),
        ({"schedule": {"scheduleStartDate": {"year": "2026"}}}, "year: '2026' is not of type integer"),
        ({"status": "ON"}, "status: 'ON' is none of STATUS_UNSPECIFIED, ENABLED"),
        ({"creationTime": "2026-01-01T00:00:00Z"}, "creationTime: only the service sets it"),
        (
            {"schedule": {"scheduleStartDate": {}, "repeatInterval": "1h"}},
            "repeatInterval: '1h' is not a duration in seconds",
        ),
        ({"loggingConfig": {"logActions": "COPY"}}, "loggingConfig.logActions: 'COPY' is not of type array"),
        ({"loggingConfig": {"logActions": ["RUN"]}}, "loggingConfig.logActions[0]: 'RUN' is none of"),
        ({"transferSpec": []}, "transferSpec: [] is not an object"),
        ({"description": None}, "description: is null"),
    ],
)
def test_what_the_description_does_not_allow_is_named(body: dict[str, Any], fault: str) -> None:
    (found,) = faults("storagetransfer.transferJobs.create", body)
    assert fault in found


def test_parameters_are_checked_as_bodies_are() -> None:
    method = "monitoring.projects.alertPolicies.create"
    assert faults(method, {}) == ["name: is required"]
    assert faults(method, {}, name="p") == ["name: 'p' does not match ^projects/[^/]+$"]
    (found,) = faults("storage.buckets.get", bucket="b", colour="red")
    assert found.startswith("colour: storage.buckets.get has no such parameter")


def test_a_patch_may_remove_and_needs_nothing_else() -> None:
    assert faults("storage.buckets.patch", {"lifecycle": None, "encryption": None}, bucket="b") == []


def test_places_are_what_they_are() -> None:
    assert location_type("eur4") == "dual-region"
    assert location_type("EU") == "multi-region"
    assert location_type("EU", placed=True) == "dual-region"
    assert location_type("europe-west4") == "region"
    assert location_type("eur9") is None
    assert all(set(pair) <= REGIONS for pair in DUAL_REGIONS.values())


def test_the_agent_of_a_project_is_always_the_same_and_of_no_other() -> None:
    assert transfer_agent("standfast-models") == transfer_agent("standfast-models")
    assert transfer_agent("standfast-models") != transfer_agent("standfast-other")
    assert len(transfer_subject("standfast-models")) == 21


def test_what_a_member_may_do_is_the_sum_of_its_roles_without_conditional_ones() -> None:
    condition = {"title": "t", "expression": "true"}
    bindings = [
        {"role": "roles/storage.legacyBucketWriter", "members": ["a"]},
        {"role": "roles/storage.objectViewer", "members": ["a", "b"], "condition": condition},
        {"role": "roles/storage.objectCreator", "members": ["b"]},
    ]
    assert "storage.buckets.get" in permissions(bindings, "a")
    assert permissions(bindings, "b") == {"storage.objects.create"}
    assert permissions(bindings, "c") == frozenset()
