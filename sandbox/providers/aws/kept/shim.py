"""Hooks rules into a boto3 client, so that callers use AWS's own operations and never know what moto lacks.

A rule may `prepare` the parameters, `answer` instead of moto, or `amend` moto's answer. Whatever is asked has
passed the service's model before any rule sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

if TYPE_CHECKING:
    from sandbox.providers.aws.clients import Clients
    from sandbox.providers.base.table.store import Store

_PARAMS = "standfast_params"


class RefusedError(Exception):
    """An error answer of the service: its code, its message, its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as a rule sees it. `moto` is moto's own client of the service, without rules."""

    clients: Clients
    service: str
    region: str
    params: dict[str, Any]

    @property
    def store(self) -> Store:
        """What is kept."""
        return self.clients.store

    @property
    def moto(self) -> Any:
        """The service's client, moto alone."""
        return self.clients.plain(self.service, self.region)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What happens around one operation.

    An `answer` of None leaves the request to moto; `failed` sees the error code of an answer that is one.
    """

    prepare: Callable[[Asked], None] | None = None
    answer: Callable[[Asked], dict[str, Any] | None] | None = None
    amend: Callable[[Asked, dict[str, Any]], None] | None = None
    failed: Callable[[Asked, str], None] | None = None


class Shim:
    """The rules of one service in one location."""

    def __init__(self, service: str, region: str, clients: Clients) -> None:
        from sandbox.providers.aws.kept.rules import RULES  # noqa: PLC0415 - rules speak of Asked, above

        self._service, self._region, self._clients = service, region, clients
        self._rules: dict[str, Rule] = RULES.get(service, {})

    def attach(self, client: Any) -> None:
        """Hooks the rules into a client."""
        if not self._rules:
            return
        events = client.meta.events
        events.register_first("before-parameter-build", self._prepare)
        events.register_last("before-call", self._answer)
        events.register_first("after-call", self._amend)

    def _asked(self, params: dict[str, Any]) -> Asked:
        return Asked(clients=self._clients, service=self._service, region=self._region, params=params)

    def _prepare(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_rest: Any) -> None:
        rule = self._rules.get(model.name)
        if rule is None:
            return
        if rule.prepare is not None:
            rule.prepare(self._asked(params))
        context[_PARAMS] = params

    def _answer(
        self, model: Any, context: dict[str, Any], **_rest: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        rule = self._rules.get(model.name)
        if rule is None or rule.answer is None:
            return None
        try:
            parsed, status = rule.answer(self._asked(context[_PARAMS])), 200
            if parsed is None:
                return None
        except RefusedError as refused:
            status = refused.status
            parsed = {"Error": {"Code": refused.code, "Message": refused.message}}
        return AWSResponse("", status, {}, None), {**parsed, "ResponseMetadata": {"HTTPStatusCode": status}}

    def _amend(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_rest: Any) -> None:
        rule = self._rules.get(model.name)
        if rule is None or _PARAMS not in context:
            return
        asked = self._asked(context[_PARAMS])
        if "Error" in parsed:
            if rule.failed is not None:
                rule.failed(asked, parsed["Error"].get("Code", ""))
        elif rule.amend is not None:
            rule.amend(asked, parsed)
