"""The load balancers' twin, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.mesh.balancer_settings import Balancer, HealthCheck, Listener
from sandbox.mesh.balancers import BalancerTwin, Target
from sandbox.network import public_ca
from sandbox.paths import SandboxPaths

HERE = "127.0.0.1"
CHECK = HealthCheck(
    port=1, path="/healthz/ready", interval_s=0.05, timeout_s=0.5, healthy_threshold=2, unhealthy_threshold=2
)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


def health(status: list[int]) -> Serve:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status[0]} x\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    return answer


@contextlib.asynccontextmanager
async def balanced(
    *, target: Serve | None = echo, listener: Listener | None = None, status: list[int] | None = None
) -> AsyncGenerator[tuple[BalancerTwin, int]]:
    """A balancer in front of one target, on loopback; its port. The target listens unless it is None."""
    port, behind, checked = free_port(), free_port(), free_port()
    given_listener = listener or Listener(port=0, target_port=0)
    settings = Balancer(
        service="istio-system/gateway",
        address=HERE,
        targets=(HERE,),
        listeners=(given_listener.model_copy(update={"port": port, "target_port": behind}),),
        health=CHECK.model_copy(update={"port": checked}),
        terminates=True,
    )
    twin = BalancerTwin(settings)
    async with contextlib.AsyncExitStack() as stack:
        if target is not None:
            await stack.enter_async_context(await asyncio.start_server(target, HERE, behind))
        checks = health(status or [200])
        await stack.enter_async_context(await asyncio.start_server(checks, HERE, checked))
        work = asyncio.create_task(twin.run())
        try:
            await until(lambda: listening(port))
            yield twin, port
        finally:
            work.cancel()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HERE, port)) == 0


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.01)


def test_bytes_pass_both_ways_and_the_end_with_them() -> None:
    async def scenario() -> bytes:
        async with balanced() as (_, port):
            reader, writer = await asyncio.open_connection(HERE, port)
            writer.write(b"hello")
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(scenario()) == b"hello"


def test_tls_ends_here_with_the_protocol_that_both_prefer(tmp_path: Path) -> None:
    authority = public_ca.ensure(SandboxPaths(id="t", root=tmp_path))
    pair = authority.issue(["us-east.example.com"])
    listener = Listener(
        port=0,
        target_port=0,
        certificate=pair.certificate,
        key=pair.key,
        alpn=("h2", "http/1.1"),
    )

    async def scenario() -> tuple[bytes, str | None]:
        context = ssl.create_default_context(cafile=str(authority.root))
        context.set_alpn_protocols(["http/1.1", "h2"])
        async with balanced(listener=listener) as (_, port):
            reader, writer = await asyncio.open_connection(
                HERE, port, ssl=context, server_hostname="us-east.example.com"
            )
            writer.write(b"hello")
            said = await asyncio.wait_for(reader.readexactly(5), 5)
            chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            writer.close()
            return said, chosen

    assert asyncio.run(scenario()) == (b"hello", "h2")


def test_a_connection_that_no_target_takes_is_reset() -> None:
    async def scenario() -> None:
        async with balanced(target=None) as (_, port):
            reader, _ = await asyncio.open_connection(HERE, port)
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 5)

    asyncio.run(scenario())


def test_with_every_target_failed_it_fails_open(capsys: pytest.CaptureFixture[str]) -> None:
    status = [200]

    async def scenario() -> bytes:
        async with balanced(status=status) as (twin, port):
            await until(lambda: twin.targets[0].healthy)
            reader, writer = await asyncio.open_connection(HERE, port)
            status[0] = 503
            await until(lambda: not twin.targets[0].healthy)
            writer.write(b"still")
            return await asyncio.wait_for(reader.readexactly(5), 5)

    assert asyncio.run(scenario()) == b"still"
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["target"], one["healthy"]) for one in told] == [(HERE, True), (HERE, False)]


def two(*healthy: bool) -> BalancerTwin:
    settings = Balancer(
        service="a/b",
        address=HERE,
        targets=("10.0.0.1", "10.0.0.2"),
        listeners=(),
        health=CHECK,
        terminates=True,
    )
    twin = BalancerTwin(settings)
    for target, value in zip(twin.targets, healthy, strict=True):
        target.healthy = value
    return twin


@pytest.mark.parametrize(
    ("healthy", "chosen"),
    [
        ((True, True), {"10.0.0.1", "10.0.0.2"}),
        ((True, False), {"10.0.0.1"}),
        ((False, True), {"10.0.0.2"}),
        ((False, False), {"10.0.0.1", "10.0.0.2"}),
    ],
)
def test_only_targets_in_service_are_chosen(healthy: tuple[bool, bool], chosen: set[str]) -> None:
    twin = two(*healthy)
    assert {twin.pick().address for _ in range(4)} == chosen


@given(st.lists(st.booleans(), max_size=60))
def test_a_verdict_changes_only_with_as_many_answers_in_a_row(answers: list[bool]) -> None:
    target = Target("10.0.0.1", CHECK)
    seen: list[bool] = []
    for good in answers:
        before = target.healthy
        changed = target.note(good)
        seen.append(good)
        assert changed == (target.healthy != before)
        if changed and sum(seen[:-1]) > 0:  # not the first good one
            assert seen[-2:] == [good, good]
        if target.healthy:
            assert seen[-2:] != [False, False]
        elif any(seen):
            assert seen[-2:] != [True, True]
    assert target.healthy or not answers or answers[-1] is False or any(not one for one in answers)
