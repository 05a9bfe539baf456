"""The client against a name server and an HTTPS server on loopback."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dnslib import QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import DNSServer

from automation.targets import checkout
from drills.traffic import client, resolver
from drills.traffic.client import Caller, call_steadily
from drills.traffic.log import LogReader, Request, read
from drills.traffic.resolver import ResolutionError, Resolver

# Each of its name servers takes a second to stop.
pytestmark = pytest.mark.slow

HOST = "inference.example.com"
HERE, THERE = "127.0.0.1", "127.0.0.2"


@dataclass
class Names:
    """A name server; what it answers can be changed, and it counts its questions."""

    addresses: tuple[str, ...] = (HERE,)
    ttl: int = 30
    code: int = RCODE.NOERROR
    truncated: bool = False
    asked: list[str] = field(default_factory=list[str])

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:
        self.asked.append(handler.protocol)
        reply = request.reply()
        reply.header.rcode = self.code
        if self.truncated and handler.protocol == "udp":
            reply.header.tc = 1
            return reply
        for address in self.addresses:
            reply.add_answer(RR(request.q.qname, QTYPE.A, ttl=self.ttl, rdata=A(address)))
        return reply


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def name_server(names: Names) -> Generator[int]:
    # The same port is wanted for both; few take UDP's, so that TCP's choice is nearly always free there.
    tcp = DNSServer(names, address=HERE, port=0, tcp=True)
    port: int = tcp.server.server_address[1]
    udp = DNSServer(names, address=HERE, port=port)
    for server in (udp, tcp):
        server.start_thread()
    yield port
    for server in (udp, tcp):
        server.stop()
        server.server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host that is its own CA, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + private)
    return path


@dataclass
class Service:
    """An HTTPS server on both addresses; `answer` makes status and body, `delay_s` is slept before."""

    certificate: Path
    status: int = 200
    body: bytes = b'{"outputs": [{"name": "y", "data": [1]}]}'
    delay_s: float = 0.0
    connections: int = 0
    heads: list[str] = field(default_factory=list[str])
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Service]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        first = await asyncio.start_server(self._serve, HERE, 0, ssl=context)
        self.port = first.sockets[0].getsockname()[1]
        second = await asyncio.start_server(self._serve, THERE, self.port, ssl=context)
        try:
            yield self
        finally:
            first.close()
            second.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        where = writer.get_extra_info("sockname")[0]
        region = "us-east" if where == HERE else "eu-west"
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                await reader.readexactly(length)
                await asyncio.sleep(self.delay_s)
                named = "".join(
                    f"x-standfast-{key}: {value}\r\n"
                    for key, value in (
                        ("region", region),
                        ("zone", f"{region}-1a"),
                        ("pod", "inference-0"),
                        ("model-version", "00000007"),
                    )
                )
                start = f"HTTP/1.1 {self.status} X\r\n{named}content-length: {len(self.body)}\r\n\r\n"
                writer.write(start.encode() + self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()


@asynccontextmanager
async def calling(service: Service, name_port: int, rate: float = 50) -> AsyncGenerator[Caller]:
    names = Resolver(HOST, HERE, name_port)
    caller = Caller(HOST, service.port, names, ca=service.certificate, rate=rate, seed=1)
    try:
        yield caller
    finally:
        await caller.close()


async def once(caller: Caller) -> Request:
    return await caller.call(time.time(), asyncio.get_running_loop().time())


def test_an_answer_is_logged_with_who_gave_it(certificate: Path, name_server: int) -> None:
    async def main() -> None:
        async with Service(certificate).running() as service, calling(service, name_server) as caller:
            found = [await once(caller) for _ in range(3)]
            assert all(each.ok for each in found), found
            assert (found[0].status, found[0].resolved, found[0].region) == (200, HERE, "us-east")
            assert (found[0].zone, found[0].pod, found[0].model_version) == (
                "us-east-1a",
                "inference-0",
                "00000007",
            )
            assert service.connections == 1, "connections are kept alive"
            assert f"host: {HOST}:{service.port}" in service.heads[0].lower()
            assert service.heads[0].startswith("POST /v2/models/default/infer HTTP/1.1")

    asyncio.run(main())


def test_another_address_is_called_once_the_old_answer_has_aged(
    certificate: Path, names: Names, name_server: int
) -> None:
    now = [0.0]

    async def main() -> None:
        async with Service(certificate).running() as service:
            found = Resolver(HOST, HERE, name_server, clock=lambda: now[0])
            caller = Caller(HOST, service.port, found, ca=certificate, rate=50, seed=1)
            await once(caller)
            names.addresses, now[0] = (THERE,), 29.9
            assert (await once(caller)).region == "us-east", "the answer may be kept for its TTL"
            now[0] = 30.0
            assert (await once(caller)).region == "eu-west"
            assert names.asked == ["udp", "udp"]
            await caller.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, b"{}", "status 500"),
        (503, b"", "status 503"),
        (200, b"<html>", "the answer is no JSON object"),
        (200, b'{"outputs": []}', "the answer has no outputs"),
    ],
)
def test_what_a_caller_cannot_use_is_a_failure_and_is_not_tried_again(
    certificate: Path, name_server: int, status: int, body: bytes, error: str
) -> None:
    async def main() -> None:
        service = Service(certificate, status=status, body=body)
        async with service.running(), calling(service, name_server) as caller:
            found = await once(caller)
            assert (found.ok, found.status, found.error) == (False, status, error)
            assert len(service.heads) == 1

    asyncio.run(main())


def test_a_late_answer_a_refused_connection_and_a_missing_name_are_failures(
    certificate: Path, names: Names, name_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.3)

    async def main() -> None:
        service = Service(certificate, delay_s=1.0)
        async with service.running(), calling(service, name_server) as caller:
            late = await once(caller)
            assert late.error == "no answer within 0.3 s"
            assert late.latency_s >= 0.3
            service.port += 1
        async with calling(service, name_server) as caller:
            refused = await once(caller)
            assert refused.error is not None
            assert refused.error.startswith("ConnectError")
            assert refused.resolved == HERE
        names.code, names.addresses = RCODE.NXDOMAIN, ()
        async with calling(service, name_server) as caller:
            unnamed = await once(caller)
            assert (unnamed.error, unnamed.resolved) == (f"dns: {HOST}: NXDOMAIN", None)

    asyncio.run(main())


def test_a_client_is_well_after_an_outage_longer_than_its_connections(
    certificate: Path, name_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.3)

    async def main() -> None:
        service = Service(certificate, delay_s=2.0)
        async with service.running(), calling(service, name_server, rate=10) as caller:
            for _ in range(4):
                silent = await asyncio.gather(*(once(caller) for _ in range(20)))
                assert {each.error for each in silent} == {"no answer within 0.3 s"}
            service.delay_s = 0.0
            assert (await once(caller)).ok

    asyncio.run(main())


def test_a_server_with_another_authoritys_certificate_is_a_failure(
    certificate: Path, name_server: int, tmp_path: Path
) -> None:
    async def main() -> None:
        service = Service(certificate)
        async with service.running():
            names = Resolver("other.example.com", HERE, name_server)
            caller = Caller("other.example.com", service.port, names, ca=certificate, rate=50, seed=1)
            found = await once(caller)
            await caller.close()
            assert found.error is not None
            assert "CERTIFICATE_VERIFY_FAILED" in found.error

    asyncio.run(main())


def test_a_slow_platform_does_not_slow_the_calls(certificate: Path, name_server: int, tmp_path: Path) -> None:
    async def main() -> list[Request]:
        service = Service(certificate, delay_s=0.5)
        async with service.running(), calling(service, name_server) as caller:
            stop = asyncio.Event()
            asyncio.get_running_loop().call_later(1.0, stop.set)
            with (tmp_path / "log").open("w", encoding="utf-8") as log:
                await call_steadily(caller, 40.0, log, stop)
        return read(tmp_path / "log")

    found = asyncio.run(main())
    # One after another they would have been two.
    assert 20 <= len(found) <= 41
    gaps = [b.t - a.t for a, b in pairwise(found)]
    assert all(gap == pytest.approx(1 / 40, abs=1e-4) for gap in gaps)
    assert all(each.ok and each.latency_s >= 0.5 for each in found)


def test_the_process_ends_with_a_whole_log(certificate: Path, name_server: int, tmp_path: Path) -> None:
    log = tmp_path / "client.jsonl"

    async def main() -> int:
        async with Service(certificate).running() as service:
            command = ("-m", "drills.traffic.client", "--host", HOST, "--port", str(service.port))
            names = ("--resolver", f"{HERE}:{name_server}", "--ca", str(certificate))
            rest = ("--rate", "20", "--log", str(log))
            process = subprocess.Popen([sys.executable, *command, *names, *rest], cwd=checkout())
            deadline, reader = time.monotonic() + 60, LogReader(log)
            while not any(each.ok for each in reader.read()) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            return await asyncio.to_thread(process.wait, 30)

    assert asyncio.run(main()) == 0
    text = log.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert any(json.loads(line)["ok"] for line in text.splitlines())


def test_a_log_is_read_as_it_grows_and_only_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    reader = LogReader(log)
    assert reader.read() == []
    line = Request(t=1.0, latency_s=0.1, ok=True).line()
    log.write_text(line + line[:10], encoding="utf-8")
    assert [each.t for each in reader.read()] == [1.0]
    log.write_text(line + line, encoding="utf-8")
    assert [each.t for each in reader.read()] == [1.0]
    assert reader.read() == []


def test_many_requests_that_wait_for_one_name_ask_once(names: Names, name_server: int) -> None:
    async def main() -> None:
        found = Resolver(HOST, HERE, name_server)
        answers = await asyncio.gather(*(found.addresses() for _ in range(20)))
        assert set(answers) == {(HERE,)}
        assert len(names.asked) == 1

    asyncio.run(main())


def test_an_answer_that_is_cut_short_is_asked_for_over_tcp(names: Names, name_server: int) -> None:
    names.truncated = True
    assert asyncio.run(Resolver(HOST, HERE, name_server).addresses()) == (HERE,)
    assert names.asked == ["udp", "tcp"]


def test_a_silent_name_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "QUESTION_S", 0.05)
    with pytest.raises(ResolutionError, match=HOST):
        asyncio.run(Resolver(HOST, HERE, 9).addresses())


def test_a_failure_is_not_kept(names: Names, name_server: int) -> None:
    async def main() -> None:
        found = Resolver(HOST, HERE, name_server)
        names.code = RCODE.SERVFAIL
        with pytest.raises(ResolutionError, match="SERVFAIL"):
            await found.addresses()
        names.code = RCODE.NOERROR
        assert await found.addresses() == (HERE,)

    asyncio.run(main())
