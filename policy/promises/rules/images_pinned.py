"""https://kubernetes.io/docs/concepts/containers/images/#image-names"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..images import images, pinned
from ..model import Resource, ResourceRule, Severity
from ..pods import EVENTS, WORKLOADS
from ..values import UNKNOWN, at

_EXACT = re.compile(r"^v?\d+\.\d+\.\d+([-+].*)?$")


def _check(resource: Resource) -> Iterator[str]:
    for where, image in images(resource):
        if not pinned(image):
            yield f"{resource.title}: {where} runs {image}, a tag that moves"
    if resource.kind == "Release":
        version = at(resource.props, "version")
        if version is not UNKNOWN and not _EXACT.match(str(version or "")):
            yield (
                f"{resource.title}: the chart's version is {version or 'not said'}, whatever is "
                "newest that day"
            )


RULE = ResourceRule(
    id="images-pinned",
    severity=Severity.HIGH,
    title="Images and charts are pinned to one version",
    reason="With a moving tag the pods that a recovery starts are not those that were tested, and nodes "
    "disagree.",
    remedy="Name a version of three numbers, or better a digest; charts by their exact version.",
    kinds=WORKLOADS | EVENTS | {"Release"},
    check=_check,
)
