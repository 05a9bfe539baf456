"""Who asked what, and what was answered: JSON lines, one a query.

{"t": seconds since the epoch, "server", "client": IPv4, "transport": "udp" or "tcp", "name", "type", "rcode",
"answers": values in their order, "ttl": the lowest or null, "identifiers": of the records chosen, "cached"}
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from dnslib import RCODE, DNSRecord

from sandbox.dns.records import plain
from sandbox.dns.zone import kind_name


class QueryLog:
    """Appends to a file; each line is there for readers at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("a", buffering=1)

    def write(
        self,
        reply: DNSRecord,
        *,
        server: str,
        client: str,
        transport: str,
        identifiers: tuple[str, ...] = (),
        cached: bool = False,
    ) -> None:
        line = {
            "t": time.time(),
            "server": server,
            "client": client,
            "transport": transport,
            "name": plain(str(reply.q.qname)),
            "type": kind_name(reply.q.qtype),
            "rcode": str(RCODE.get(reply.header.rcode, reply.header.rcode)),
            "answers": [str(one.rdata).rstrip(".") for one in reply.rr],
            "ttl": min((one.ttl for one in reply.rr), default=None),
            "identifiers": identifiers,
            "cached": cached,
        }
        self._stream.write(json.dumps(line) + "\n")
