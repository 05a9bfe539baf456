"""What EC2's entries share: tags, and one item of a describe call."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Step
from sandbox.providers.aws.pairs import pairs, unpaired


def tag_specifications(step: Step, kind: str) -> dict[str, Any]:
    """The parameter with which EC2 tags a thing as it makes it."""
    tags = step.tag_pairs
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def retag(step: Step) -> None:
    """Brings a thing's tags to the wanted ones."""
    wanted, unwanted = step.tag_steps()
    if wanted:
        step.aws("ec2").create_tags(Resources=[step.id], Tags=pairs(wanted))
    if unwanted:
        step.aws("ec2").delete_tags(Resources=[step.id], Tags=[{"Key": key} for key in unwanted])


def only(items: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The one item of an answer, None if there is none."""
    return items[0] if items else None


def tags_of(item: dict[str, Any]) -> dict[str, str]:
    """An EC2 thing's tags as a map."""
    return unpaired(item.get("Tags"))
