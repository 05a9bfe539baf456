"""The outputs through which stacks know each other: one model, written by one stack and read by its peers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from config.platform import Purpose


class _Output(BaseModel):
    """Camel-case in the state; a newer peer may export more than this one knows."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class ClusterOutput(_Output):
    """A region's cluster: name, https endpoint, the base64 PEM of its certificate authority, time of birth.

    A cluster that was destroyed and made anew was born later: who joined the old one must join again.
    ``issuer`` is who signs the tokens of its service accounts.
    """

    name: str
    endpoint: str
    ca: str
    born: str
    issuer: str = ""


class BucketOutput(_Output):
    """A bucket of a region."""

    name: str
    arn: str


class RegionOutputs(_Output):
    """What no rule gives. ``mesh_roots`` are SHA-256 fingerprints, ``nat_ips`` public addresses.

    ``model_readers`` has, where the region owns the copy of models, the audience of each region's pods.

    The token with which a peer's istiod reads this region's endpoints is the stack's secret output
    ``remoteReaderToken``, apart from this model so that it is never held as plain text.
    """

    cluster: ClusterOutput
    buckets: dict[Purpose, BucketOutput]
    bucket_key_arn: str
    nat_ips: tuple[str, ...]
    mesh_roots: tuple[str, ...]
    model_readers: dict[str, str] = Field(default_factory=dict[str, str])


def parse(outputs: dict[str, Any]) -> RegionOutputs | None:
    """The outputs of a peer; None when it has not come up yet, or only in part."""
    try:
        return RegionOutputs.model_validate(outputs)
    except ValidationError:
        return None
