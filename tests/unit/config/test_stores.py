"""The copy on Google Cloud Storage in the stack files: what may stand there, and each way to get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config import names
from config.files import read_folder
from config.platform import Models
from config.stores import DUAL_REGIONS, MULTI_REGIONS, SINGLE_REGIONS, Gcs
from tests.unit.config.conftest import Folder

KEY = "standfast:platform.models.stores.gcs"
KEY_OF_KMS = "projects/keys/locations/europe-west4/keyRings/models/cryptoKeys/models"


def gcs(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """A change of the entry; None takes a key away."""

    def change(platform: dict[str, Any]) -> None:
        entry = platform["models"]["stores"]["gcs"]
        entry.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del entry[key]

    return change


FAULTS = {
    "short id": (gcs(project="short"), f"{KEY}.project: 'short'"),
    "upper case": (gcs(project="Standfast-Models"), f"{KEY}.project: 'Standfast-Models'"),
    "digit first": (gcs(project="1standfast"), f"{KEY}.project: '1standfast'"),
    "dash last": (gcs(project="standfast-"), f"{KEY}.project: 'standfast-'"),
    "reserved": (gcs(project="my-google-copy"), "no project's id may hold 'google'"),
    "no project": (gcs(project=None), f"{KEY}.project: is missing"),
    "no promise": (gcs(rpo=None), f"{KEY}.rpo: is missing"),
    "no such dual-region": (
        gcs(location="eur9"),
        "'eur9': GCS has no such location; choose a dual-region (asia1",
    ),
    "an AWS region": (gcs(location="us-east-1"), f"{KEY}.location: 'us-east-1': GCS has no such location"),
    "turbo in one region": (
        gcs(location="europe-west4"),
        f"{KEY}.replication: 'turbo': europe-west4 is a single region, and only a dual-region has turbo",
    ),
    "turbo in a multi-region": (
        gcs(location="eu"),
        f"{KEY}.replication: 'turbo': eu is a multi-region, and only a dual-region has turbo",
    ),
    "too often": (
        gcs(interval="30m"),
        f"{KEY}.interval: '30m': Storage Transfer repeats a schedule once an hour",
    ),
    "too late to alert": (
        gcs(rpo="24h"),
        f"{KEY}.rpo: '24h': an alert can wait for a copy for 23h30m at most",
    ),
    "kept too short": (
        gcs(retention="6d"),
        f"{KEY}.retention: '6d': GCS keeps what was deleted for 7d to 90d",
    ),
    "kept too long": (gcs(retention="91d"), "GCS keeps what was deleted for 7d to 90d"),
    "days as hours": (gcs(retention="2160h"), "write a number of days such as 90d"),
    "unknown mode": (
        gcs(replication="fast"),
        f"{KEY}.replication: 'fast': Input should be 'turbo' or 'default'",
    ),
    "unknown trigger": (gcs(trigger="never"), f"{KEY}.trigger: 'never': Input should be"),
    "unknown key": (gcs(bucket="models"), f"{KEY}.bucket: 'models': unknown key"),
    "no such owner": (
        gcs(owner="us-west"),
        f"{KEY}.owner: 'us-west': names no region; choose one of eu-west, us-",
    ),
    "into itself": (
        gcs(project="us-east-123456789012"),
        f"{KEY}.project: 'standfast-model-registry-us-east-123456789012': the copy's bucket has the name of",
    ),
    "a key that is no key": (gcs(kmsKey="models"), f"{KEY}.kmsKey: 'models'"),
    "a key of another place": (
        gcs(kmsKey=KEY_OF_KMS),
        "must be in eur4 too: GCS takes no key of another location",
    ),
    "a promise that does not add up": (
        gcs(rpo="90m"),
        f"{KEY}.interval: 1h: schedule 1h + transfer 20m3s + replication 15m = 1h35m3s is over the RPO of "
        f"1h30m; set {KEY.removesuffix('.stores.gcs')}.size to 107288MiB, or set {KEY}.rpo to 1h35m3s",
    ),
}


def problems(folder: Folder) -> list[str]:
    return [str(problem) for problem in read_folder(folder.path).problems]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_error_that_names_it(folder: Folder, fault: str) -> None:
    change, message = FAULTS[fault]
    folder.platform(change)
    found = problems(folder)
    assert [message in problem for problem in found] == [True], found


@pytest.mark.parametrize(
    "change",
    [
        gcs(location="nam4"),
        gcs(location="eu", replication="default", rpo="14h"),
        gcs(location="europe-west4", replication="default", rpo="81m"),
        gcs(owner="eu-west"),
        gcs(trigger="schedule", interval="2h", rpo="3h"),
        gcs(replication=None, trigger=None, interval=None, retention=None),
        gcs(kmsKey=KEY_OF_KMS.replace("europe-west4", "eur4")),
        lambda platform: platform["models"].pop("stores"),
        lambda platform: platform["models"].update(stores={}),
    ],
)
def test_what_may_stand_there(folder: Folder, change: Callable[[dict[str, Any]], None]) -> None:
    folder.platform(change)
    assert problems(folder) == []


def test_the_owner_is_the_primary_unless_it_is_said(folder: Folder) -> None:
    reading = read_folder(folder.path)
    assert reading.platform
    assert reading.platform.copy_owner == "us-east"
    folder.platform(gcs(owner="eu-west"))
    moved = read_folder(folder.path)
    assert moved.platform
    assert moved.platform.copy_owner == "eu-west"
    assert names.models_gcs_bucket(moved.platform) == names.models_gcs_bucket(reading.platform)


def test_without_an_entry_nobody_owns_a_copy(folder: Folder) -> None:
    folder.platform(lambda platform: platform["models"].pop("stores"))
    reading = read_folder(folder.path)
    assert reading.platform
    assert (reading.platform.copy_owner, names.models_gcs_bucket(reading.platform)) == (None, None)


def test_a_copy_that_is_not_there_is_not_read(folder: Folder) -> None:
    folder.region("eu-west", lambda region: region.update(readsFrom="gcs"))
    assert problems(folder) == []
    folder.platform(lambda platform: platform["models"].pop("stores"))
    assert problems(folder) == [
        "eu-west: standfast:region.readsFrom: 'gcs': the platform has no models.stores.gcs; set it, or read "
        "from own or peer"
    ]


def test_a_region_that_is_no_peer_of_the_owner_cannot_read_the_copy(folder: Folder) -> None:
    entry = {"cloud": "aws", "location": "ap-south-1", "cidr": "10.48.0.0/16", "failoverTo": "eu-west"}
    folder.platform(lambda platform: platform["regions"].update({"asia": entry}))
    zones = [f"ap-south-1{letter}" for letter in "abc"]
    (folder.path / "Pulumi.asia.yaml").write_text((folder.path / "Pulumi.us-east.yaml").read_text())
    folder.give_ca("asia", folder.root)
    folder.region("asia", lambda region: region.update(readsFrom="gcs", zones=zones))
    assert problems(folder) == [
        "asia: standfast:region.readsFrom: 'gcs': the copy belongs to us-east, which is no peer of asia; set "
        "models.stores.gcs.owner to asia or eu-west"
    ]


@given(st.sampled_from([*DUAL_REGIONS, *MULTI_REGIONS, *SINGLE_REGIONS]))
def test_every_location_that_gcs_has_is_one_kind_of_place(location: str) -> None:
    entry = Gcs(project="standfast-models", location=location, rpo=timedelta(hours=2))
    assert entry.geo_redundant == (location not in SINGLE_REGIONS)
    assert [location in kind for kind in (DUAL_REGIONS, MULTI_REGIONS, SINGLE_REGIONS)].count(True) == 1


@given(st.text(max_size=40))
def test_an_id_that_is_taken_makes_a_bucket_name_that_gcs_takes(project: str) -> None:
    """https://docs.cloud.google.com/storage/docs/buckets#naming"""
    try:
        entry = Gcs.model_validate({"project": project, "location": "eur4", "rpo": "2h"})
    except ValidationError:
        return
    bucket = names.gcs_bucket("standfast", entry.project)
    assert bucket.isascii()
    assert bucket == bucket.lower()
    assert bucket[-1].isalnum()
    assert "google" not in bucket
    assert len(bucket) <= 63


def test_models_without_stores_have_none() -> None:
    assert Models.model_validate({"size": "140GiB"}).stores.gcs is None
