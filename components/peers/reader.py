"""Reads peers by StackReference, at once: which peers have joined decides which resources there are.

A reference to a stack that was initialised but never updated answers with no outputs and no error: such a
peer has not joined yet. See docs/adr/0001-joins-by-stack-reference.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.sync_await import _sync_await  # pyright: ignore[reportPrivateUsage]

from components.peers.outputs import RegionOutputs, parse

TOKEN_OUTPUT = "remoteReaderToken"  # noqa: S105 - the output's name


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A peer that has come up: its outputs, and its reader token as a secret."""

    region: str
    outputs: RegionOutputs
    reader_token: pulumi.Output[str]


def joined_peers(regions: Sequence[str]) -> tuple[Peer, ...]:
    """The peers among ``regions`` whose stacks have come up, in the order given."""
    return tuple(peer for peer in map(_read, regions) if peer is not None)


def _read(region: str) -> Peer | None:
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{region}"
    reference = pulumi.StackReference(region, stack_name=stack)
    # The generated SDKs wait in this way for invokes; a resource's existence cannot hang on an Output.
    outputs: dict[str, Any] = _sync_await(reference.outputs.future()) or {}
    known = parse(outputs)
    if known is None or TOKEN_OUTPUT not in outputs:
        return None
    token = reference.require_output(TOKEN_OUTPUT).apply(str)
    return Peer(region=region, outputs=known, reader_token=pulumi.Output.secret(token))
