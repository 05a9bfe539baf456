"""The authoritative name server: the public hosted zones, and the names of load balancers."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence

from dnslib import EDNS0, QTYPE, RCODE, DNSRecord

from sandbox.dns.errors import RefusedError
from sandbox.dns.places import Places, Subnet, client_subnet, subnet_option
from sandbox.dns.query_log import QueryLog
from sandbox.dns.records import Record, choose, plain
from sandbox.dns.source import Known
from sandbox.dns.zone import Answer, kind_name, zone_of

_log = logging.getLogger(__name__)
NAME = "authority"
_PACKET_BYTES = 1232
_LONGEST_CHAIN = 8


class Authority:
    """Answers from what is known now. `healthy` judges a health check by its id."""

    def __init__(
        self,
        known: Callable[[], Known],
        healthy: Callable[[str], bool],
        places: Places,
        log: QueryLog | None = None,
        seed: int | None = None,
    ) -> None:
        self._known, self._healthy, self._places, self._log = known, healthy, places, log
        self._random = random.Random(seed)  # noqa: S311 - weights are no secret
        self._told: set[str] = set()

    def answer(self, name: str, kind: str, client: str) -> Answer:
        """A question from a client at an IPv4 address; SERVFAIL for what is not modelled."""
        known = self._known()
        zone = zone_of(known.zones, name)
        if zone is None:
            return Answer(rcode=RCODE.REFUSED)

        def healthy(check: str) -> bool:
            if check in known.refused:
                raise RefusedError(known.refused[check])
            return self._healthy(check)

        def chosen(group: Sequence[Record]) -> Record:
            return choose(
                group, healthy=healthy, place=lambda: self._places.of(client), draw=self._random.random()
            )

        try:
            return zone.answer(name, kind, chosen)
        except RefusedError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                _log.error("%s %s is refused: %s", name, kind, error)
            return Answer(rcode=RCODE.SERVFAIL)

    def address(self, name: str, client: str) -> str | None:
        """The IPv4 address that a name leads to for a client, or None."""
        for _ in range(_LONGEST_CHAIN):
            found = self.answer(name, "A", client).answers
            if not found:
                return None
            if found[-1].rtype == QTYPE.A:
                return str(found[-1].rdata)
            name = plain(str(found[-1].rdata))
        return None

    async def handle(self, query: DNSRecord, client: str, transport: str) -> DNSRecord:
        """The reply to a query."""
        subnet = client_subnet(query)
        reply = query.reply(ra=0, aa=1)
        answer = self.answer(
            plain(str(query.q.qname)), kind_name(query.q.qtype), subnet.address if subnet else client
        )
        reply.header.rcode = answer.rcode
        reply.header.aa = int(answer.rcode in (RCODE.NOERROR, RCODE.NXDOMAIN))
        reply.add_answer(*answer.answers)
        reply.add_auth(*answer.authority)
        if query.ar:
            reply.add_ar(_options(subnet))
        if self._log is not None:
            self._log.write(
                reply, server=NAME, client=client, transport=transport, identifiers=answer.identifiers
            )
        return reply


def _options(subnet: Subnet | None) -> EDNS0:
    options = [] if subnet is None else [subnet_option(subnet, scope=subnet.prefix)]
    return EDNS0(udp_len=_PACKET_BYTES, opts=options)
