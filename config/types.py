"""The domain's own types: text that stands in a stack file, and what it means."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic import BaseModel as PydanticModel
from pydantic.alias_generators import to_camel

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SIZE_UNITS = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"(\d+)(MiB|GiB|TiB)")


class Model(PydanticModel):
    """Frozen, refuses keys that it does not know, written in camelCase in the stack files."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if not match:
        raise ValueError("write a duration such as 30m, 1h, 1h30m or 10s")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not duration:
        raise ValueError("must be longer than nothing; write a duration such as 30m")
    return duration


def _days(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+)d", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("write a number of days such as 90d")
    return timedelta(days=int(match[1]))


def duration_text(duration: timedelta) -> str:
    """``1h30m`` for ninety minutes: the form in which durations are written."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (seconds, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def size_text(size: int) -> str:
    """``140GiB``: the form in which sizes are written, in whole units of the largest that fits evenly."""
    for unit, factor in reversed(_SIZE_UNITS.items()):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def _size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not match or match[1] == "0":
        raise ValueError("write a size such as 140GiB (MiB, GiB or TiB)")
    return int(match[1]) * _SIZE_UNITS[match[2]]


def _network(value: Any) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    try:
        return IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"write an IPv4 network such as 10.16.0.0/16 ({error})") from error


_MOVING_TAG = re.compile(r"v?\d+(\.\d+)?|latest|stable|main|master|edge|nightly")


def _pinned_image(value: str) -> str:
    """A digest, or a tag that names one build: ``v1`` and ``latest`` point elsewhere tomorrow."""
    reference, _, digest = value.partition("@")
    if digest:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise ValueError("the digest must be sha256: and 64 hexadecimal digits")
        return value
    _, _, tag = reference.rpartition("/")[2].partition(":")
    if not tag or _MOVING_TAG.fullmatch(tag):
        raise ValueError("the tag moves; pin a full version such as inference:v1.0.0, or a digest")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A length of time, written ``30m``."""

Days = Annotated[timedelta, BeforeValidator(_days)]
"""Whole days, written ``90d``."""

Size = Annotated[int, BeforeValidator(_size)]
"""Bytes, written ``140GiB``."""

Cidr = Annotated[IPv4Network, BeforeValidator(_network)]
"""An IPv4 network without host bits, written ``10.16.0.0/16``."""

Image = Annotated[str, AfterValidator(_pinned_image)]
"""A container image by full version or digest."""

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"

Name = Annotated[str, Field(pattern=rf"^{_LABEL}$", max_length=32)]
"""A DNS label: lower-case letters, digits and dashes."""

RegionName = Name
"""The platform's own name of a region, which is also its stack's: ``us-east``."""

Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]
"""An availability zone as its cloud names it: ``us-east-1a``."""

Fqdn = Annotated[str, Field(pattern=rf"^({_LABEL}\.)+[a-z]{{2,}}$", max_length=200)]
"""A domain name without the trailing dot."""

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
"""An AWS account, twelve digits, quoted in YAML."""

Location = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
"""A region as its cloud names it: ``us-east-1``."""
