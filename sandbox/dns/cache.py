"""A resolver's cache: what was answered, for as long as it allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dnslib import RR

_MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Records of one name and type, or that there are none (`records` empty, `rcode` says which)."""

    rcode: int
    records: tuple[RR, ...] = ()
    authority: tuple[RR, ...] = ()
    expires: float = 0.0


class Cache:
    """Keeps entries for their TTL (RFC 2181 section 5.2: the lowest of the set; RFC 2308: that of the SOA).

    With `stretch` (seconds) it keeps answers at least so long, as some resolvers do that set a floor under
    TTLs (`cache-min-ttl` of Unbound, https://nlnetlabs.nl/documentation/unbound/unbound.conf/#cache-min-ttl).
    """

    def __init__(self, stretch: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._stretch, self._clock = stretch, clock
        self._entries: dict[tuple[str, str], Entry] = {}

    def put(self, name: str, kind: str, entry: Entry) -> Entry:
        """Keep an entry; what has no TTL at all (a negative answer without SOA) is not kept."""
        known = [record.ttl for record in (*entry.records, *entry.authority)]
        life = max(min(known), self._stretch) if known else 0.0
        kept = Entry(
            rcode=entry.rcode,
            records=entry.records,
            authority=entry.authority,
            expires=self._clock() + life,
        )
        if life > 0:
            if len(self._entries) >= _MOST:
                self._drop_expired()
            self._entries[name, kind] = kept
        return kept

    def get(self, name: str, kind: str) -> Entry | None:
        """The entry with the TTLs that are left of it (whole seconds, rounded up), or None."""
        kept = self._entries.get((name, kind))
        if kept is None:
            return None
        left = kept.expires - self._clock()
        if left <= 0:
            del self._entries[name, kind]
            return None
        ttl = int(-(-left // 1))
        return Entry(
            rcode=kept.rcode,
            records=tuple(_aged(record, ttl) for record in kept.records),
            authority=tuple(_aged(record, ttl) for record in kept.authority),
            expires=kept.expires,
        )

    def _drop_expired(self) -> None:
        now = self._clock()
        living = {key: entry for key, entry in self._entries.items() if entry.expires > now}
        self._entries = living if len(living) < _MOST else {}


def _aged(record: RR, ttl: int) -> RR:
    return RR(record.rname, record.rtype, record.rclass, ttl, record.rdata)
