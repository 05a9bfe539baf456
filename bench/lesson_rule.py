"""The lesson's DestinationRule in place of the deployed one, for a comparison on the same platform."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sandbox.bringup import access
from sandbox.kube import Api
from sandbox.state import SandboxState
from tests.lesson import manifest

_PATH = "/apis/networking.istio.io/v1/namespaces/ml-serving/destinationrules/inference-failover"


@contextmanager
def lesson_rule(state: SandboxState) -> Generator[None]:
    """Every region has the lesson's rule while the context lasts, and its own again afterwards.

    Its host is written in full, and the subset that the deployed routes name is kept: without them the rule
    would not apply, or no route would.
    """
    apis = [access(state, region).api() for region in state.regions]
    deployed: list[dict[str, Any]] = [api.get(_PATH)["spec"] for api in apis]
    try:
        for api, own in zip(apis, deployed, strict=True):
            lesson = manifest("destination-rule")["spec"]
            _replace(api, {**lesson, "host": own["host"], "subsets": own["subsets"]})
        yield
    finally:
        for api, own in zip(apis, deployed, strict=True):
            _replace(api, own)


def _replace(api: Api, spec: dict[str, Any]) -> None:
    api.call("PUT", _PATH, {**api.get(_PATH), "spec": spec})
