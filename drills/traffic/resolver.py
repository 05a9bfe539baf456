"""The names of a client: it asks one resolver, and keeps an answer for as long as it may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from dnslib import QTYPE, RCODE, DNSError, DNSRecord

QUESTION_S = 0.8
"""Seconds for one answer; with two questions there is time left in a request for the request."""

_QUESTIONS = 2


class ResolutionError(Exception):
    """The name could not be resolved."""


@dataclass(frozen=True)
class Answer:
    """The addresses of a name, good for `ttl_s` seconds."""

    addresses: tuple[str, ...]
    ttl_s: float


class Resolver:
    """Resolves one name to IPv4 addresses.

    As `getaddrinfo` with a caching stub does it: answers are kept for the smallest TTL on the way (CNAMEs
    count), failures are not kept, and requests that wait for the same answer ask once.
    """

    def __init__(
        self, name: str, server: str, port: int = 53, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._server = server
        self._port = port
        self._clock = clock
        self._answer = Answer((), 0.0)
        self._until = float("-inf")
        self._asking: asyncio.Task[Answer] | None = None

    async def addresses(self) -> tuple[str, ...]:
        """The addresses as they may be used now. Raises ResolutionError."""
        if self._clock() < self._until:
            return self._answer.addresses
        if self._asking is None:
            self._asking = asyncio.create_task(self._renew())
        # A request that gives up must not take the question away from the others.
        return (await asyncio.shield(self._asking)).addresses

    async def _renew(self) -> Answer:
        try:
            asked = self._clock()
            self._answer = await asyncio.to_thread(self._ask)
            self._until = asked + self._answer.ttl_s
            return self._answer
        finally:
            self._asking = None

    def _ask(self) -> Answer:
        question = DNSRecord.question(self._name, "A")
        tcp = False
        reason = ""
        for _ in range(_QUESTIONS):
            try:
                raw = question.send(self._server, self._port, tcp=tcp, timeout=QUESTION_S)
                reply = DNSRecord.parse(raw)
            except (OSError, DNSError) as error:
                reason = str(error) or type(error).__name__
                continue
            if reply.header.id != question.header.id:
                reason = "an answer to another question"
            elif reply.header.tc:
                tcp, reason = True, "cut short"
            else:
                return _read(self._name, reply)
        raise ResolutionError(f"{self._name}: {reason}")


def _read(name: str, reply: DNSRecord) -> Answer:
    if reply.header.rcode != RCODE.NOERROR:
        raise ResolutionError(f"{name}: {RCODE.get(reply.header.rcode)}")
    addresses = tuple(str(record.rdata) for record in reply.rr if record.rtype == QTYPE.A)
    if not addresses:
        raise ResolutionError(f"{name}: no address")
    return Answer(addresses, float(min(record.ttl for record in reply.rr)))
