"""IAM policy documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

VERSION = "2012-10-17"

Statement = Mapping[str, Any]
"""One statement of a policy document; values may be outputs."""


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """A policy document of ``statements``."""
    return {"Version": VERSION, "Statement": [dict(statement) for statement in statements]}


def rendered(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """The JSON text of a policy document whose statements may hold outputs, with keys in a stable order."""
    return pulumi.Output.json_dumps(document(statements), sort_keys=True)


def service_trust(service: str, condition: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The statements by which only ``service``, and only under ``condition``, may assume a role."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return [{**statement, "Condition": dict(condition)} if condition else statement]
