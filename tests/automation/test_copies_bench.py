"""How the figures of the copy are shown."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.copies import Found, Up, section, without_copy
from config.files import read_folder
from drills.traffic.result import TrafficReport
from tests.drills.platform import Platform, hold

CHECKOUT = Path(__file__).parents[2]


def test_a_platform_without_the_copy_differs_in_nothing_else(tmp_path: Path) -> None:
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(without_copy(project)), encoding="utf-8")
    for stack in CHECKOUT.glob("Pulumi.*.yaml"):
        (tmp_path / stack.name).write_bytes(stack.read_bytes())
    ours, bare = (reading.platform or reading.shape for reading in map(read_folder, (CHECKOUT, tmp_path)))
    assert ours is not None
    assert bare is not None
    assert ours.gcs is not None
    assert bare.gcs is None
    assert bare.model_dump(exclude={"models"}) == ours.model_dump(exclude={"models"})
    assert bare.models.size == ours.models.size


def test_the_section_shows_what_was_added_and_the_age_against_its_budget(tmp_path: Path) -> None:
    drill: TrafficReport = hold("bucket-loss", Platform(tmp_path))
    text = section(Found(Up(100.0, 520), Up(110.0, 553), drill))
    assert "| first `up` of every region, without the copy |  | 100 s, 520 resources |" in text
    assert "| resources added, and the one time over the other |  | 33, 1.10 |" in text
    assert "| age of the newest copy when all buckets were lost | 7200 s | 1" in text
    assert "(1 of 1 kept)" in text
