"""https://kubernetes.io/docs/concepts/containers/images/#image-names"""

from __future__ import annotations

from collections.abc import Iterator

from ..images import by_digest, images
from ..model import Resource, ResourceRule, Severity
from ..pods import WORKLOADS


def _check(resource: Resource) -> Iterator[str]:
    for where, image in images(resource):
        if not by_digest(image):
            yield f"{resource.title}: {where} runs {image}, which a registry may give another content"


RULE = ResourceRule(
    id="images-by-digest",
    severity=Severity.LOW,
    title="Images are best named by digest",
    reason="A version can be pushed again; a digest is its content.",
    remedy="Append @sha256:… of the version that was tested.",
    advisory=True,
    kinds=WORKLOADS,
    check=_check,
)
