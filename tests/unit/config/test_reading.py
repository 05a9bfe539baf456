"""Every way in which a user can get the files wrong: one clear error each, and all of them at once."""

from collections.abc import Callable
from typing import Any

import pytest

from config.files import read_folder
from tests.unit.config.authority import intermediate, root
from tests.unit.config.conftest import Folder


def _set(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(target: dict[str, Any]) -> None:
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


US, EU = ("regions", "us-east"), ("regions", "eu-west")

ASIA = {"cloud": "aws", "location": "ap-southeast-1", "cidr": "10.48.0.0/16", "failoverTo": "us-east"}

PLATFORM_FAULTS = {
    "unknown key": (_set("colour", value="red"), "standfast:platform.colour: 'red': unknown key"),
    "unknown key below": (
        _set("inference", "gpu", value=1),
        "standfast:platform.inference.gpu: 1: unknown key",
    ),
    "missing": (lambda p: p.pop("objectives"), "standfast:platform.objectives: is missing"),
    "overlap": (
        _set(*EU, "cidr", value="10.16.128.0/17"),
        "10.16.0.0/16: overlaps 10.16.128.0/17 of eu-west",
    ),
    "host bits": (
        _set(*EU, "cidr", value="10.32.0.1/16"),
        "standfast:platform.regions.eu-west.cidr: '10.32.0.1/16'",
    ),
    "too small": (_set(*EU, "cidr", value="10.32.0.0/24"), "must be a /16 to /20"),
    "to itself": (_set(*US, "failoverTo", value="us-east"), "cannot fail over to itself"),
    "to nowhere": (
        _set(*US, "failoverTo", value="us-west"),
        "'us-west': names no region; choose one of eu-west",
    ),
    "primary": (_set("primary", value="mars"), "standfast:platform.primary: 'mars': names no region"),
    "quorum": (_set("inference", "minAvailable", value=6), "must be below replicas (6)"),
    "peak": (_set("inference", "peakReplicas", value=5), "must be at least replicas (6)"),
    "attempt": (_set("inference", "attemptTimeout", value="10m"), "less than or equal to"),
    "rpo": (
        _set("objectives", "rpo", value="10m"),
        "= 30m is over the RPO of 10m; set standfast:platform.objectives.rpo to 30m",
    ),
    "interval": (_set("backup", "interval", value="7m"), "must divide an hour"),
    "interval too long": (
        _set("backup", "interval", value="1h"),
        "interval 1h + start 1m + backup 4m + replication 15m = 1h20m is over the RPO of 1h",
    ),
    "bucket": (_set("regions", "asia-pacific-southeast", value=ASIA), "has 67 characters, S3 takes 63"),
    "image": (_set("inference", "image", value="inference:v1"), "the tag moves"),
    "one region": (lambda p: p["regions"].pop("eu-west"), "1 regions: list 2 to 24 regions"),
    "same place": (_set(*EU, "location", value="us-east-1"), "two regions in one place fall together"),
    "domain": (_set("domain", value="ml.example.org"), "must be in the hosted zone example.com"),
}

REGION_FAULTS = {
    "one zone": (_set("zones", value=["us-east-1a"]), "standfast:region.zones"),
    "six over two": (_set("zones", value=["us-east-1a", "us-east-1b"]), "6 - 3 = 3 are left at once"),
    "nine zones": (_set("zones", value=[f"us-east-1{z}" for z in "abcdefghi"]), "at most 8 items"),
    "twice": (_set("zones", value=["us-east-1a", "us-east-1a", "us-east-1b"]), "names a zone twice"),
    "foreign": (
        _set("zones", value=["us-east-1a", "us-east-1b", "eu-west-1c"]),
        "is not a zone of us-east-1",
    ),
    "cold": (lambda r: r["gpuPools"][0].update(warmPerZone=2), "2 x 2 = 4 warm GPUs are left for 6 replicas"),
    "no peak": (lambda r: r["gpuPools"][0].update(maxPerZone=3), "3 x 3 = 9 GPUs must carry the peak of 10"),
    "open": (_set("apiAccess", value=["0.0.0.0/0"]), "opens the cluster's API to the world"),
    "capacity": (lambda r: r["gpuPools"][0].update(capacity="reservation"), "no reservation named"),
    "unknown": (_set("zonez", value=[]), "us-east: standfast:region.zonez: []: unknown key"),
}


def problems(folder: Folder) -> list[str]:
    return [str(problem) for problem in read_folder(folder.path).problems]


def test_the_project_s_own_files_are_good(folder: Folder):
    reading = read_folder(folder.path)
    assert reading.problems == []
    assert reading.platform is not None
    assert reading.platform.peers("us-east") == ("eu-west",)
    assert sorted(reading.regions) == ["eu-west", "us-east"]


@pytest.mark.parametrize("fault", PLATFORM_FAULTS)
def test_a_fault_of_the_platform_is_named(folder: Folder, fault: str):
    change, message = PLATFORM_FAULTS[fault]
    folder.platform(change)
    found = problems(folder)
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize("fault", REGION_FAULTS)
def test_a_fault_of_a_region_is_named_with_its_stack(folder: Folder, fault: str):
    change, message = REGION_FAULTS[fault]
    folder.region("us-east", change)
    found = problems(folder)
    assert any(message in problem and problem.startswith("us-east: ") for problem in found), found
    assert not any(problem.startswith("eu-west: ") for problem in found), found


def test_all_faults_are_found_at_once(folder: Folder):
    compatible = ["unknown key", "unknown key below", "overlap", "to itself", "primary", "rpo"]
    for fault in compatible:
        folder.platform(PLATFORM_FAULTS[fault][0])
    for fault in ("six over two", "open"):
        folder.region("us-east", REGION_FAULTS[fault][0])
    folder.give_ca("eu-west", root("another"))
    found = "\n".join(problems(folder))
    for message in [PLATFORM_FAULTS[fault][1] for fault in compatible]:
        assert message in found
    assert "opens the cluster's API to the world" in found
    assert "is not the root that the other regions share" in found


def test_unknown_keys_do_not_hide_the_sums_behind_them(folder: Folder):
    folder.region("us-east", lambda r: r.update(zonez=1, zones=["us-east-1a", "us-east-1b"]))
    found = "\n".join(problems(folder))
    assert "zonez: 1: unknown key" in found
    assert "6 - 3 = 3 are left" in found


def test_a_mesh_ca_that_is_missing_is_named_for_each_region(folder: Folder):
    for region in ("us-east", "eu-west"):
        folder.edit(f"Pulumi.{region}.yaml", lambda config: config.pop("standfast:meshCa"))
    assert problems(folder) == [
        f"{region}: standfast:meshCa: is missing; make it with `standfast mesh-ca`"
        for region in ("eu-west", "us-east")
    ]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda ca: ca.update(caCert=ca["rootCert"]), "certChain does not begin with caCert"),
        (lambda ca: ca.update(rootCert="hello"), "is no PEM certificate"),
        (
            lambda ca: ca.update(caCert=intermediate("x", root("stranger"))[0]["caCert"]),
            "was not issued by rootCert",
        ),
    ],
)
def test_a_mesh_ca_that_does_not_hold_together_is_refused(folder: Folder, spoil: Any, message: str):
    folder.edit("Pulumi.eu-west.yaml", lambda config: spoil(config["standfast:meshCa"]))
    assert any(message in problem for problem in problems(folder))


def test_an_expired_mesh_ca_is_refused(folder: Folder):
    values, key = intermediate("eu-west", folder.root, days=-1)
    folder.edit(
        "Pulumi.eu-west.yaml", lambda c: c.update({"standfast:meshCa": values, "standfast:meshCaKey": key})
    )
    assert any("caCert expired on" in problem for problem in problems(folder))


def test_a_key_of_another_certificate_is_refused(folder: Folder):
    key = intermediate("eu-west", folder.root)[1]
    folder.edit("Pulumi.eu-west.yaml", lambda c: c.update({"standfast:meshCaKey": key}))
    assert any("meshCaKey is not the key of caCert" in problem for problem in problems(folder))


def test_two_roots_may_overlap_while_one_replaces_the_other(folder: Folder):
    new = root("new")
    values, key = intermediate("eu-west", new)
    values["rootCert"] += intermediate("x", folder.root)[0]["rootCert"]
    folder.edit(
        "Pulumi.eu-west.yaml", lambda c: c.update({"standfast:meshCa": values, "standfast:meshCaKey": key})
    )
    assert problems(folder) == []


def test_an_encrypted_key_is_taken_as_set(folder: Folder):
    folder.edit("Pulumi.eu-west.yaml", lambda c: c.update({"standfast:meshCaKey": {"secure": "v1:abc"}}))
    assert problems(folder) == []


def test_files_that_are_missing_or_broken_are_named(folder: Folder):
    (folder.path / "Pulumi.eu-west.yaml").unlink()
    (folder.path / "Pulumi.us-east.yaml").write_text("config: [")
    found = "\n".join(problems(folder))
    assert "regions.eu-west: has no stack file; write Pulumi.eu-west.yaml" in found
    assert "Pulumi.us-east.yaml: line 1: is not YAML" in found
