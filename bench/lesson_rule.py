"""The lesson's mesh in place of the deployed one, for a comparison on the same platform."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from sandbox.bringup import access
from sandbox.kube import Api
from sandbox.state import SandboxState
from tests.lesson import manifest

_OBJECTS = "/apis/networking.istio.io/v1/namespaces/ml-serving"
_RULE = f"{_OBJECTS}/destinationrules/inference-failover"
_ROUTE = f"{_OBJECTS}/virtualservices/inference"

Spec = dict[str, Any]


@contextmanager
def lesson_rule(state: SandboxState) -> Generator[None]:
    """Every region has the lesson's DestinationRule while the context lasts, and its own again afterwards."""
    with ExitStack() as stack:
        for region in state.regions:
            stack.enter_context(_changed(access(state, region).api(), _RULE, as_in_the_lesson))
        yield


@contextmanager
def default_retries(state: SandboxState) -> Generator[None]:
    """Every region retries as Istio does where no route says otherwise, as the lesson has none."""
    with ExitStack() as stack:
        for region in state.regions:
            stack.enter_context(_changed(access(state, region).api(), _ROUTE, without_retries))
        yield


def as_in_the_lesson(deployed: Mapping[str, Any]) -> Spec:
    """The lesson's rule with its host written in full, and the subset that the deployed routes name.

    Without them the rule would not apply, or no route would.
    """
    lesson: Spec = manifest("destination-rule")["spec"]
    return {**lesson, "host": deployed["host"], "subsets": deployed["subsets"]}


def without_retries(deployed: Mapping[str, Any]) -> Spec:
    """The same routes with no word of retries."""
    routes = [{key: value for key, value in one.items() if key != "retries"} for one in deployed["http"]]
    return {**deployed, "http": routes}


@contextmanager
def _changed(api: Api, path: str, change: Callable[[Spec], Spec]) -> Generator[None]:
    deployed: Spec = api.get(path)["spec"]
    _replace(api, path, change(deployed))
    try:
        yield
    finally:
        _replace(api, path, deployed)


def _replace(api: Api, path: str, spec: Spec) -> None:
    api.call("PUT", path, {**api.get(path), "spec": spec})
