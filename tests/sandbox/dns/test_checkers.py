"""Health checkers against endpoints on loopback."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.certs import Pair
from sandbox.dns.checkers import Checkers
from sandbox.dns.health import Check
from sandbox.dns.probe import Outcome, probe
from tests.sandbox.dns.endpoint import certificate

HERE = "127.0.0.1"
CHECKERS = tuple(f"127.0.0.{number}" for number in range(101, 106))


def _check(port: int, kind: str = "HTTP", **changed: object) -> Check:
    values: dict[str, object] = {
        "id": "h",
        "type": kind,
        "fqdn": "us-east.example.com",
        "address": "",
        "port": port,
        "path": "/v2/health/ready",
        "search": "",
        "interval": 0.2,
        "threshold": 3,
        "inverted": False,
        "disabled": False,
        "sni": True,
        **changed,
    }
    return Check(**values)  # pyright: ignore[reportArgumentType]


class Endpoint:
    """A web server that notes who asks; `status` None means that it takes a request and says nothing."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.body = b"ready"
        self.callers: list[str] = []
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers.append(writer.get_extra_info("peername")[0])
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.status is None:
                await reader.read()
            else:
                head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n\r\n"
                writer.write(head.encode() + self.body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def _serving(pair: Pair | None = None) -> AsyncGenerator[Endpoint]:
    endpoint = Endpoint()
    context = None
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        context.sni_callback = lambda _socket, name, _context: endpoint.names.append(name)
    server = await asyncio.start_server(endpoint.answer, HERE, 0, ssl=context)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()


async def _until(true: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def test_a_probe_asks_by_name_over_tls_and_minds_no_certificate(tmp_path: Path) -> None:
    async def run() -> tuple[Outcome, Endpoint]:
        async with _serving(certificate(tmp_path, "somebody-else.example.org")) as endpoint:
            return await probe(_check(endpoint.port, "HTTPS"), HERE, CHECKERS[0]), endpoint

    outcome, endpoint = asyncio.run(run())
    assert (outcome.well, outcome.reason) == (True, "HTTP 200")
    assert endpoint.callers == [CHECKERS[0]]
    assert endpoint.names == ["us-east.example.com"]
    assert endpoint.requests[0].startswith(b"GET /v2/health/ready HTTP/1.1\r\nHost: us-east.example.com")


@pytest.mark.parametrize(("status", "well"), [(204, True), (307, True), (404, False), (503, False)])
def test_a_status_decides(status: int, well: bool) -> None:
    async def run() -> Outcome:
        async with _serving() as endpoint:
            endpoint.status = status
            return await probe(_check(endpoint.port), HERE, CHECKERS[0])

    assert asyncio.run(run()).well is well


def test_an_endpoint_that_says_nothing_fails_after_two_seconds() -> None:
    async def run() -> Outcome:
        async with _serving() as endpoint:
            endpoint.status = None
            return await probe(_check(endpoint.port), HERE, CHECKERS[0])

    outcome = asyncio.run(run())
    assert not outcome.well
    assert outcome.seconds == pytest.approx(2.0, abs=0.5)


def test_a_refused_connection_fails_at_once_and_tcp_checks_need_no_answer() -> None:
    async def run() -> tuple[Outcome, Outcome]:
        async with _serving() as endpoint:
            tcp = await probe(_check(endpoint.port, "TCP"), HERE, CHECKERS[0])
        return tcp, await probe(_check(endpoint.port), HERE, CHECKERS[0])

    tcp, refused = asyncio.run(run())
    assert tcp.well
    assert not refused.well
    assert "Refused" in refused.reason
    assert refused.seconds < 1


def test_a_searched_string_must_be_in_the_first_bytes() -> None:
    async def run() -> list[bool]:
        async with _serving() as endpoint:
            check = _check(endpoint.port, "HTTP_STR_MATCH", search="ready")
            near = await probe(check, HERE, CHECKERS[0])
            endpoint.body = b" " * 5120 + b"ready"
            far = await probe(check, HERE, CHECKERS[0])
            return [near.well, far.well]

    assert asyncio.run(run()) == [True, False]


def test_all_checkers_must_agree_that_it_is_gone_and_one_brings_it_back(tmp_path: Path) -> None:
    state, events = tmp_path / "health.json", tmp_path / "events.jsonl"

    async def run() -> None:
        async with _serving() as endpoint:

            async def resolve(name: str) -> str | None:
                return HERE if name == "us-east.example.com" else None

            checkers = Checkers(CHECKERS, resolve, state=state, events=events, seed=1)
            checkers.watch({"h": _check(endpoint.port)})
            await _until(lambda: set(endpoint.callers) == set(CHECKERS))
            assert checkers.healthy("h")
            endpoint.status = 503
            began = asyncio.get_running_loop().time()
            await _until(lambda: not checkers.healthy("h"))
            # Three in a row, an interval apart; no checker can have known before.
            assert asyncio.get_running_loop().time() - began >= 2 * 0.2
            shown = json.loads(state.read_bytes())["checks"]["h"]
            assert shown["status"] == "unhealthy"
            assert [one["reason"] for one in shown["checkers"].values()] == ["status 503"] * 5
            endpoint.status = 200
            await _until(lambda: checkers.healthy("h"))
            checkers.watch({})
            assert json.loads(state.read_bytes())["checks"] == {}

    asyncio.run(run())
    assert [json.loads(line)["status"] for line in events.read_text().splitlines()] == [
        "unhealthy",
        "healthy",
    ]


def test_a_name_without_an_address_is_no_endpoint(tmp_path: Path) -> None:
    async def run() -> None:
        async def resolve(_name: str) -> str | None:
            return None

        checkers = Checkers(CHECKERS, resolve, state=tmp_path / "s", events=tmp_path / "e")
        checkers.watch({"h": _check(1, interval=0.05)})
        await _until(lambda: not checkers.healthy("h"))
        assert checkers.shares()["h"] == (False, 0.0)
        checkers.watch({})

    asyncio.run(run())
