"""What each drill would be in an account."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.validate import ParamValidator

from automation.project import platform
from automation.targets import checkout
from drills.catalogue import DRILLS
from drills.cloud.plan import CloudPlan, plan
from drills.errors import UnknownDrillError

PLATFORM = platform(checkout())


def planned(name: str) -> CloudPlan:
    return plan(name, PLATFORM, "us-east", "us-east-1b")


@pytest.fixture(scope="module")
def validator() -> ParamValidator:
    return ParamValidator()


@pytest.mark.parametrize("name", DRILLS)
def test_every_drill_has_a_plan_that_fis_would_take(name: str, validator: ParamValidator) -> None:
    found = planned(name)
    model = botocore.session.get_session().get_service_model("fis")
    shape = model.operation_model("CreateExperimentTemplate").input_shape
    for template in found.experiments.values():
        assert not validator.validate(template, shape).has_errors()
        for action in template["actions"].values():
            assert set(action.get("targets", {}).values()) <= template["targets"].keys()
            assert set(action.get("startAfter", ())) <= template["actions"].keys()
    assert found.experiments or found.commands or found.obstacles


@pytest.mark.parametrize("name", DRILLS)
def test_every_experiment_has_its_guard_rails(name: str) -> None:
    for region, template in planned(name).experiments.items():
        location = PLATFORM.regions[region].location
        (stop,) = template["stopConditions"]
        assert stop["source"] == "aws:cloudwatch:alarm"
        assert stop["value"].startswith(f"arn:aws:cloudwatch:{location}:{PLATFORM.account}:alarm:")
        assert template["experimentOptions"]["emptyTargetResolutionMode"] == "fail"
        for target in template["targets"].values():
            tags, named = target.get("resourceTags", {}), target.get("resourceArns", ())
            released = tags.get("standfast.dev/drill") == "allowed"
            assert released or named or target["parameters"]["clusterIdentifier"]
        for action in template["actions"].values():
            assert action["parameters"]["duration"].startswith("PT")


def test_a_zone_is_its_own_subnets_and_a_region_is_all_of_them() -> None:
    zone = planned("zone-loss").experiments["us-east"]["targets"]["isolate-zone"]
    assert zone["filters"] == [{"path": "AvailabilityZone", "values": ["us-east-1b"]}]
    region = planned("region-loss").experiments["us-east"]["targets"]["isolate"]
    assert "filters" not in region


def test_a_partition_is_cut_on_both_sides() -> None:
    experiments = planned("peer-partition").experiments
    assert {
        region: template["actions"]["part"]["parameters"]["region"]
        for region, template in experiments.items()
    } == {"us-east": "eu-west-1", "eu-west": "us-east-1"}


def test_what_an_account_cannot_do_is_said() -> None:
    for name in ("api-server-loss", "pods-erroring"):
        assert planned(name).experiments == {}
        assert "--target sandbox" in planned(name).obstacles[0]


def test_a_plan_says_that_it_did_not_run() -> None:
    assert planned("region-loss").document()["ran"] is False


def test_an_unknown_drill_has_no_plan() -> None:
    with pytest.raises(UnknownDrillError):
        planned("meteor")
