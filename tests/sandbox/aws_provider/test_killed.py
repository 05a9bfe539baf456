"""A run that is killed before it wrote down what it made is finished by the next, and leaves no orphans."""

from __future__ import annotations

import pytest

from sandbox.providers.aws.errors import CallFailedError
from sandbox.providers.aws.provider import AwsProvider
from tests.sandbox.aws_provider.driver import Driver
from tests.sandbox.aws_provider.ground import TRUST

GROUP = "aws:cloudwatch/logGroup:LogGroup"
INPUTS = {"name": "/standfast/killed", "retentionInDays": 30}


def restarted(driver: Driver) -> Driver:
    """The same sandbox with its provider started anew."""
    clients = driver.session.clients
    provider = AwsProvider(clients.endpoint, clients.directory)
    return Driver(provider=provider, session=provider.configure({"region": "us-east-1"}))


def test_what_was_not_written_down_is_taken_over(driver: Driver) -> None:
    lost = driver.create(GROUP, "group", INPUTS)
    driver.made.clear()
    found = driver.create(GROUP, "group", {**INPUTS, "retentionInDays": 90})
    assert found.id == lost.id
    assert found.outputs["retentionInDays"] == 90


def test_it_is_taken_over_after_a_restart_too(driver: Driver) -> None:
    lost = driver.create("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.16.0.0/16"})
    again = restarted(driver)
    found = again.create("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.16.0.0/16"})
    assert found.id == lost.id
    assert found.outputs["tagsAll"] == {}


def test_what_the_engine_knows_is_not_taken_over(driver: Driver) -> None:
    known = driver.create(GROUP, "group", INPUTS)
    driver.diff(known, INPUTS)
    with pytest.raises(CallFailedError, match="ResourceAlreadyExistsException"):
        driver.create(GROUP, "group", INPUTS)


def test_what_cannot_be_taken_over_is_removed(driver: Driver) -> None:
    lost = driver.create("aws:iam/role:Role", "velero", {"assumeRolePolicy": TRUST})
    driver.made.clear()
    found = driver.create("aws:iam/role:Role", "velero", {"assumeRolePolicy": TRUST})
    assert found.id != lost.id
    names = {one["RoleName"] for one in driver.aws("iam").list_roles()["Roles"]}
    assert found.id in names
    assert lost.id not in names


def test_what_is_gone_since_is_made_anew(driver: Driver) -> None:
    driver.create(GROUP, "group", INPUTS)
    driver.made.clear()
    driver.aws("logs").delete_log_group(logGroupName=INPUTS["name"])
    assert driver.create(GROUP, "group", INPUTS).outputs["retentionInDays"] == 30
