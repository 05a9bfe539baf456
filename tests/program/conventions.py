"""What every program of ours keeps to, seen in a recording of it."""

from __future__ import annotations

import re
from collections import Counter

from tests.program.recording import Recorded, Recording

OWN_TOKEN = re.compile(r"standfast:[a-z_]+:[A-Z][A-Za-z0-9]+")
PROVIDER = "pulumi:providers:"


def faults(recording: Recording) -> list[str]:
    """Every fault, as ``<type> <name>: what is wrong``."""
    by_urn = {resource.urn: resource for resource in recording.resources}
    found = [
        f"{resource.type} {resource.name}: {fault}"
        for resource in recording.resources
        if not resource.read and not resource.type.startswith(PROVIDER)
        for fault in _faults_of(resource, by_urn)
    ]
    doubled = [urn for urn, count in Counter(r.urn for r in recording.resources).items() if count > 1]
    return [*found, *(f"{urn}: registered twice" for urn in doubled)]


def _faults_of(resource: Recorded, by_urn: dict[str, Recorded]) -> list[str]:
    parent = by_urn.get(resource.parent)
    found: list[str] = []
    if resource.custom:
        if parent is None:
            found.append("stands outside every component")
        if not resource.provider:
            found.append("uses a default provider")
    elif not OWN_TOKEN.fullmatch(resource.type):
        found.append("its type token is not standfast:<module>:<Type>")
    if parent is not None and not resource.name.startswith(f"{parent.name}-"):
        found.append(f"its name does not start with its parent's, {parent.name}-")
    return found
