"""As many resources as a stack has, as many at a time as the engine makes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.sandbox.aws_provider.driver import Driver
from tests.sandbox.aws_provider.ground import TRUST

AT_ONCE = 16
GROUPS = 18


def _group(driver: Driver, index: int) -> None:
    name = f"speed-{index}"
    driver.create("aws:s3/bucket:Bucket", name, {"bucket": name, "tags": {"Name": name}})
    settings = {
        "aws:s3/bucketVersioning:BucketVersioning": {"versioningConfiguration": {"status": "Enabled"}},
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"blockPublicAcls": True},
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
            "rule": {"objectOwnership": "BucketOwnerEnforced"}
        },
    }
    for token, inputs in settings.items():
        driver.create(token, name, {"bucket": name, **inputs})
    driver.create("aws:iam/role:Role", name, {"name": name, "assumeRolePolicy": TRUST})
    driver.create("aws:cloudwatch/logGroup:LogGroup", name, {"name": name, "retentionInDays": 30})
    driver.create("aws:sns/topic:Topic", name, {"name": name})


def test_a_stack_is_made_and_refreshed_well_within_ten_seconds(driver: Driver) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda index: _group(driver, index), range(GROUPS)))
        assert len(driver.made) == 7 * GROUPS
        lives = list(pool.map(driver.read, driver.made))
    assert time.monotonic() - began < 10
    assert [live and live.outputs for live in lives] == [resource.outputs for resource in driver.made]
