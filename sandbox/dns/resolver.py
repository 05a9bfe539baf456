"""A caching resolver in front of the authority: a client's own, or the one that a VPC has.

It follows chains of CNAMEs, each part kept for its own TTL, asks once for questions that come at the same
time, and answers SERVFAIL when the authority does not answer. Failures are not cached (RFC 2308 section 7
allows up to five minutes). It sends no client subnet.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from dnslib import EDNS0, QTYPE, RCODE, RR, DNSError, DNSRecord

from sandbox.dns.cache import Cache, Entry
from sandbox.dns.query_log import QueryLog
from sandbox.dns.records import plain
from sandbox.dns.zone import Answer, kind_name

TRIES = 2
TRY_SECONDS = 1.5
_LONGEST_CHAIN = 8
_PACKET_BYTES = 1232


class NoAnswerError(Exception):
    """The authority cannot be reached, or refuses."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a question came to, and whether nobody had to be asked for it."""

    rcode: int
    answers: tuple[RR, ...]
    authority: tuple[RR, ...]
    cached: bool


class Resolver:
    """`own` answers names that need no authority (those of the region's load balancers), or gives None."""

    def __init__(
        self,
        authority: tuple[str, int],
        cache: Cache,
        *,
        name: str = "resolver",
        own: Callable[[str, str], Answer | None] = lambda _name, _kind: None,
        log: QueryLog | None = None,
        source: str | None = None,
    ) -> None:
        self._authority, self._cache, self._name, self._own, self._log = authority, cache, name, own, log
        self._source = source
        self._asking: dict[tuple[str, str], asyncio.Task[Entry]] = {}

    async def resolve(self, name: str, kind: str) -> Resolved:
        """Name in lower case without the last dot."""
        chain: list[RR] = []
        cached = True
        for _ in range(_LONGEST_CHAIN):
            entry = self._cache.get(name, kind) or self._cache.get(name, "CNAME")
            if entry is None:
                cached = False
                try:
                    entry = await self._asked(name, kind)
                except NoAnswerError:
                    return Resolved(rcode=RCODE.SERVFAIL, answers=(), authority=(), cached=False)
            chain += entry.records
            last = entry.records[-1] if entry.records else None
            if last is None or last.rtype != QTYPE.CNAME or kind == "CNAME":
                return Resolved(
                    rcode=entry.rcode, answers=tuple(chain), authority=entry.authority, cached=cached
                )
            name = plain(str(last.rdata))
        return Resolved(rcode=RCODE.SERVFAIL, answers=(), authority=(), cached=cached)

    async def handle(self, query: DNSRecord, client: str, transport: str) -> DNSRecord:
        """The reply to a query."""
        found = await self.resolve(plain(str(query.q.qname)), kind_name(query.q.qtype))
        reply = query.reply(ra=1, aa=0)
        reply.header.rcode = found.rcode
        reply.add_answer(*found.answers)
        reply.add_auth(*found.authority)
        if query.ar:
            reply.add_ar(EDNS0(udp_len=_PACKET_BYTES))
        if self._log is not None:
            self._log.write(reply, server=self._name, client=client, transport=transport, cached=found.cached)
        return reply

    async def _asked(self, name: str, kind: str) -> Entry:
        key = (name, kind)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(name, kind))
            self._asking[key] = task
            task.add_done_callback(lambda _done: self._asking.pop(key, None))
        # One client that goes away takes no answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, name: str, kind: str) -> Entry:
        """Ask for one name, and keep each record set of the answer; the one that belongs to the name."""
        own = self._own(name, kind)
        if own is not None:
            return self._kept(name, kind, own.rcode, own.answers, own.authority)
        query = DNSRecord.question(f"{name}.", kind)
        query.header.id, query.header.rd = secrets.randbelow(1 << 16), 0
        query.add_ar(EDNS0(udp_len=_PACKET_BYTES))
        reply = await self._sent(query)
        if reply.header.rcode not in (RCODE.NOERROR, RCODE.NXDOMAIN):
            raise NoAnswerError(str(RCODE.get(reply.header.rcode)))
        return self._kept(name, kind, reply.header.rcode, tuple(reply.rr), tuple(reply.auth))

    def _kept(
        self, name: str, kind: str, rcode: int, answers: tuple[RR, ...], authority: tuple[RR, ...]
    ) -> Entry:
        sets: dict[tuple[str, str], list[RR]] = {}
        for record in answers:
            sets.setdefault((plain(str(record.rname)), kind_name(record.rtype)), []).append(record)
        entries = {
            key: self._cache.put(*key, Entry(rcode=RCODE.NOERROR, records=tuple(records)))
            for key, records in sets.items()
        }
        first = entries.get((name, kind)) or entries.get((name, "CNAME"))
        if first is not None:
            return first
        return self._cache.put(name, kind, Entry(rcode=rcode, authority=authority))

    async def _sent(self, query: DNSRecord) -> DNSRecord:
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    reply = await self._by_datagram(query)
                    return await self._by_stream(query) if reply.header.tc else reply
            except (OSError, DNSError, asyncio.IncompleteReadError):
                continue
        raise NoAnswerError("the authority does not answer")

    async def _by_datagram(self, query: DNSRecord) -> DNSRecord:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[DNSRecord] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(query.header.id, arrived),
            local_addr=(self._source, 0) if self._source else None,
            remote_addr=self._authority,
        )
        try:
            transport.sendto(query.pack())
            return await arrived
        finally:
            transport.close()

    async def _by_stream(self, query: DNSRecord) -> DNSRecord:
        local = (self._source, 0) if self._source else None
        reader, writer = await asyncio.open_connection(*self._authority, local_addr=local)
        try:
            packed = query.pack()
            writer.write(len(packed).to_bytes(2, "big") + packed)
            length = int.from_bytes(await reader.readexactly(2), "big")
            return DNSRecord.parse(await reader.readexactly(length))
        finally:
            writer.close()


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, number: int, arrived: asyncio.Future[DNSRecord]) -> None:
        self._number, self._arrived = number, arrived

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - its caller's
        try:
            reply = DNSRecord.parse(data)
        except DNSError:
            return
        if reply.header.id == self._number and not self._arrived.done():
            self._arrived.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        if not self._arrived.done():
            self._arrived.set_exception(cast(OSError, exc))
