"""Tags as AWS writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def pairs(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """A map as AWS's list of {Key, Value}."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def unpaired(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of {Key, Value} as a map."""
    return {tag["Key"]: tag["Value"] for tag in (tags or [])}
