"""Tags and labels by value."""

from __future__ import annotations

from components.shared.labels import labels
from components.shared.tags import named, tags


def test_tags_name_platform_region_and_component() -> None:
    assert tags("standfast", "us-east", "network") == {
        "standfast.dev/platform": "standfast",
        "standfast.dev/region": "us-east",
        "standfast.dev/component": "network",
        "standfast.dev/managed-by": "pulumi",
    }


def test_named_adds_the_name_and_leaves_its_base() -> None:
    base = {"a": "b"}
    assert named(base, "us-east-1a") == {"a": "b", "Name": "us-east-1a"}
    assert base == {"a": "b"}


def test_labels_are_the_recommended_ones() -> None:
    assert labels("inference-service", "inference") == {
        "app.kubernetes.io/name": "inference-service",
        "app.kubernetes.io/component": "inference",
        "app.kubernetes.io/part-of": "standfast",
        "app.kubernetes.io/managed-by": "pulumi",
    }
