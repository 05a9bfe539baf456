"""Records of one name that stand beside each other, and come back after they went."""

from __future__ import annotations

import pytest

from sandbox.providers.base import ProviderError
from tests.sandbox.aws_provider import ground
from tests.sandbox.aws_provider.driver import Driver, Resource

RECORD = "aws:route53/record:Record"


def weighted(driver: Driver, zone: str, name: str, region: str, resource: str = "") -> Resource:
    return driver.create(
        RECORD,
        resource or f"{name}-{region}",
        {
            "zoneId": zone,
            "name": name,
            "type": "CNAME",
            "ttl": 30,
            "records": ["value.example.com"],
            "setIdentifier": region,
            "weightedRoutingPolicies": [{"weight": 1}],
        },
    )


def standing(driver: Driver, zone: str) -> set[tuple[str, str]]:
    records = driver.aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {(r["Name"].split(".")[0], r["SetIdentifier"]) for r in records if "SetIdentifier" in r}


def test_a_record_that_goes_takes_no_other_along(driver: Driver):
    zone = ground.zone(driver)
    made = {
        (name, region): weighted(driver, zone, name, region)
        for name in ("one", "two")
        for region in ("us-east", "eu-west")
    }
    assert standing(driver, zone) == set(made)
    driver.delete(made["one", "us-east"])
    assert standing(driver, zone) == set(made) - {("one", "us-east")}
    weighted(driver, zone, "one", "us-east")
    assert standing(driver, zone) == set(made)


def test_a_record_that_stands_already_is_not_taken_over(driver: Driver):
    zone = ground.zone(driver)
    weighted(driver, zone, "one", "us-east")
    with pytest.raises(ProviderError, match="exists already in zone"):
        weighted(driver, zone, "one", "us-east", "somebody-elses")
