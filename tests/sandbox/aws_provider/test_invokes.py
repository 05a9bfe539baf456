from __future__ import annotations

from typing import Any

import pytest

from sandbox.providers.aws.errors import AwsProviderError, ConfigError
from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.base.table.provider import UnsupportedTypeError
from tests.sandbox.aws_provider.driver import Driver
from tests.sandbox.aws_provider.ground import ACCOUNT, zone


def invoke(driver: Driver, token: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
    return driver.provider.invoke(driver.call("", ""), token, args or {})


def test_who_and_where(driver: Driver) -> None:
    assert invoke(driver, "aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == ACCOUNT
    assert invoke(driver, "aws:index/getPartition:getPartition")["partition"] == "aws"
    assert invoke(driver, "aws:index/getRegion:getRegion")["region"] == "us-east-1"
    zones = invoke(driver, "aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})
    assert {"us-east-1a", "us-east-1b", "us-east-1c"} <= set(zones["names"])


def test_a_hosted_zone_by_its_name(driver: Driver) -> None:
    id_ = zone(driver)
    found = invoke(driver, "aws:route53/getZone:getZone", {"name": "example.com."})
    assert (found["zoneId"], found["name"]) == (id_, "example.com")
    with pytest.raises(AwsProviderError, match=r"0 hosted zones match 'example.org'"):
        invoke(driver, "aws:route53/getZone:getZone", {"name": "example.org"})


def test_what_is_not_known_is_named(driver: Driver) -> None:
    with pytest.raises(UnsupportedTypeError, match="aws:ec2/getAmi:getAmi"):
        invoke(driver, "aws:ec2/getAmi:getAmi")
    with pytest.raises(AwsProviderError, match="knows no argument vpcId"):
        invoke(driver, "aws:route53/getZone:getZone", {"vpcId": "vpc-1"})
    with pytest.raises(UnsupportedTypeError, match="aws:rds/instance:Instance"):
        driver.check("aws:rds/instance:Instance", "queue", {})


def test_a_foreign_account_is_refused_before_anything_is_done(provider: AwsProvider) -> None:
    with pytest.raises(ConfigError, match=f"account {ACCOUNT} .* is not among allowedAccountIds"):
        provider.configure({"region": "us-east-1", "allowedAccountIds": '["111111111111"]'})
