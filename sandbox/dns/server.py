"""DNS over UDP and TCP on one address: RFC 1035 section 4.2, RFC 7766."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable
from typing import cast

from dnslib import QTYPE, RCODE, DNSError, DNSRecord

_log = logging.getLogger(__name__)
Handler = Callable[[DNSRecord, str, str], Awaitable[DNSRecord]]
"""(query, the client's IPv4, `udp` or `tcp`) → reply."""

PLAIN_BYTES = 512
_LONGEST_UDP = 1232
_IDLE_SECONDS = 10.0


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = await answered(data, self._handler, addr[0], "udp")
        if reply is not None:
            self._transport.sendto(reply, addr)


class Server:
    """Listens until closed."""

    def __init__(self, datagrams: asyncio.DatagramTransport, streams: asyncio.Server) -> None:
        self._datagrams, self._streams = datagrams, streams

    def close(self) -> None:
        self._datagrams.close()
        self._streams.close()


async def serve(address: str, port: int, handler: Handler) -> Server:
    """Answer on UDP and TCP. OSError when the address is not there or taken."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("peername")[0]
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    data = await reader.readexactly(length)
                reply = await answered(data, handler, client, "tcp")
                if reply is None:
                    return
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    streams = await asyncio.start_server(connected, address, port)
    datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(handler), local_addr=(address, port)
    )
    return Server(datagrams, streams)


async def answered(data: bytes, handler: Handler, client: str, transport: str) -> bytes | None:
    """The reply to a packet; None to what is no query."""
    try:
        query = DNSRecord.parse(data)
    except DNSError:
        return None
    if query.header.qr or len(query.questions) != 1:
        return None
    try:
        reply = await handler(query, client, transport)
    except Exception:
        _log.exception("%s cannot be answered", query.q.qname)
        reply = query.reply(ra=0, aa=0)
        reply.header.rcode = RCODE.SERVFAIL
    packed = bytes(reply.pack())
    if transport == "udp" and len(packed) > _room(query):
        packed = bytes(reply.truncate().pack())
    return packed


def _room(query: DNSRecord) -> int:
    """The largest reply over UDP that the client takes (RFC 6891)."""
    sizes = [int(extra.rclass) for extra in query.ar if extra.rtype == QTYPE.OPT]
    return max(PLAIN_BYTES, min(sizes[0], _LONGEST_UDP)) if sizes else PLAIN_BYTES
