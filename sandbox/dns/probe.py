"""One request of one health checker."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.dns.health import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    SEARCHED_BYTES,
    TCP_SECONDS,
    Check,
    status_well,
)

_AGENT = "Amazon-Route53-Health-Check-Service (ref {}; report http://amzn.to/1vsZADi)"
_DEFAULT_PORTS = (80, 443)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a request went, in words and in seconds."""

    well: bool
    reason: str
    seconds: float


async def probe(check: Check, address: str, source: str) -> Outcome:
    """Ask the endpoint at `address` from `source` (both IPv4). Never raises for what the endpoint does."""
    began = time.monotonic()
    try:
        reason = await _asked(check, address, source)
        well = reason.startswith("HTTP ") or reason == "connected"
    except TimeoutError as late:
        well, reason = False, str(late) or "timed out"
    except (OSError, ssl.SSLError, ValueError, asyncio.IncompleteReadError) as error:
        well, reason = False, f"{type(error).__name__}: {error}"
    return Outcome(well=well, reason=reason, seconds=round(time.monotonic() - began, 3))


async def _asked(check: Check, address: str, source: str) -> str:
    """The reason; one that begins with `HTTP ` or is `connected` passes."""
    limit = TCP_SECONDS if check.type == "TCP" else CONNECT_SECONDS
    opening = asyncio.open_connection(address, check.port, local_addr=(source, 0))
    reader, writer = await _within(limit, opening, "no connection")
    try:
        if check.type == "TCP":
            return "connected"
        status = await _within(ANSWER_SECONDS, _exchange(check, reader, writer), "no answer")
        if not status_well(status):
            return f"status {status}"
        if check.searches and not await _within(ANSWER_SECONDS, _found(check, reader), "no body"):
            return f"{check.search!r} is not in the body"
        return f"HTTP {status}"
    finally:
        writer.transport.abort()


async def _exchange(check: Check, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    if check.tls:
        await writer.start_tls(_trusting(), server_hostname=check.fqdn if check.sni else None)
    host = check.fqdn or check.address
    port = "" if check.port in _DEFAULT_PORTS else f":{check.port}"
    lines = (
        f"GET {check.path if check.path.startswith('/') else '/' + check.path} HTTP/1.1",
        f"Host: {host}{port}",
        f"User-Agent: {_AGENT.format(check.id)}",
        "Accept: */*",
        "Connection: close",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()
    words = (await reader.readline()).split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/"):
        raise ValueError("what came is no HTTP answer")
    while (await reader.readline()).strip():
        pass
    return int(words[1])


async def _found(check: Check, reader: asyncio.StreamReader) -> bool:
    body = b""
    while len(body) < SEARCHED_BYTES and (part := await reader.read(SEARCHED_BYTES - len(body))):
        body += part
        if check.search.encode() in body:
            return True
    return False


async def _within(seconds: float, work: Awaitable[_T], what: str) -> _T:
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(work, seconds)
    raise TimeoutError(f"{what} within {seconds:g} s")


def _trusting() -> ssl.SSLContext:
    """Health checks look at no certificate: an expired one does not fail them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
