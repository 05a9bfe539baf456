"""Calls the service at a steady rate and logs each request: `python -m drills.traffic.client --help`.

The load is open: requests begin when they are due, whether or not earlier ones were answered, so that a
slow platform does not slow its own measurement (coordinated omission). A failed request is not tried again: a
retry that succeeds is a second request, and the first one failed its caller. Connections are kept alive as
HTTP clients keep them, for each address that the name resolves to; an address that is no longer in the answer
is not called any more.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import httpx2

from drills.traffic.log import TIMEOUT_S, Request
from drills.traffic.resolver import ResolutionError, Resolver

INFER_PATH = "/v2/models/default/infer"
"""Open Inference Protocol: https://github.com/kserve/open-inference-protocol"""

HTTPS = 443
KEEP_ALIVE_S = 15.0
KEEP_ALIVE_CONNECTIONS = 32
_FLUSH_S = 1.0
_OK = 200


class Caller:
    """One client: its names, its connections, and what it makes of an answer."""

    def __init__(self, host: str, port: int, resolver: Resolver, *, ca: Path, rate: float, seed: int) -> None:
        self._host = host
        self._port = port
        self._resolver = resolver
        self._random = random.Random(seed)  # noqa: S311 - the choice of an address is no secret
        self._http = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=str(ca)),
            trust_env=False,
            timeout=TIMEOUT_S,
            limits=httpx2.Limits(
                # Every request in flight may hold one; more than this cannot be in flight.
                max_connections=int(rate * TIMEOUT_S * 2) + KEEP_ALIVE_CONNECTIONS,
                max_keepalive_connections=KEEP_ALIVE_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def call(self, epoch: float, due: float) -> Request:
        """One request that was due at `due` on the loop's clock, which is `epoch` on the wall's."""
        loop = asyncio.get_running_loop()
        address: str | None = None
        answer: httpx2.Response | None = None
        error: str | None = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                address = self._random.choice(await self._resolver.addresses())
                answer = await self._infer(address)
        except ResolutionError as failure:
            error = f"dns: {failure}"
        except (TimeoutError, httpx2.TimeoutException):
            error = f"no answer within {TIMEOUT_S:g} s"
        except (httpx2.HTTPError, OSError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        if answer is not None:
            error = _fault(answer)
        named = {} if answer is None else answer.headers
        return Request(
            t=epoch,
            latency_s=round(loop.time() - due, 6),
            ok=error is None,
            status=None if answer is None else answer.status_code,
            error=error,
            resolved=address,
            region=named.get("x-standfast-region"),
            zone=named.get("x-standfast-zone"),
            pod=named.get("x-standfast-pod"),
            model_version=named.get("x-standfast-model-version"),
        )

    async def _infer(self, address: str) -> httpx2.Response:
        values = [round(self._random.random(), 6) for _ in range(4)]
        body = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": values}]}
        return await self._http.post(
            f"https://{address}:{self._port}{INFER_PATH}",
            json=body,
            headers={"host": self._host if self._port == HTTPS else f"{self._host}:{self._port}"},
            extensions={"sni_hostname": self._host},
        )


def _fault(answer: httpx2.Response) -> str | None:
    """Why the answer is none that a caller could use."""
    if answer.status_code != _OK:
        return f"status {answer.status_code}"
    try:
        outputs = answer.json().get("outputs")
    except (ValueError, AttributeError):
        return "the answer is no JSON object"
    return None if outputs else "the answer has no outputs"


async def call_steadily(caller: Caller, rate: float, log: TextIO, stop: asyncio.Event) -> None:
    """Call until `stop` is set, and wait for the last answers."""
    loop = asyncio.get_running_loop()
    started, epoch = loop.time(), time.time()
    flying: set[asyncio.Task[Request]] = set()

    def ended(task: asyncio.Task[Request]) -> None:
        flying.discard(task)
        log.write(task.result().line())

    number = 0
    flushed = started
    while not stop.is_set():
        due = number / rate
        wait = started + due - loop.time()
        if wait > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
                break
        task = asyncio.create_task(caller.call(epoch + due, started + due))
        flying.add(task)
        task.add_done_callback(ended)
        number += 1
        if loop.time() - flushed >= _FLUSH_S:
            flushed = loop.time()
            log.flush()
    if flying:
        await asyncio.wait(flying)
        # Their callbacks run in the loop's next round.
        await asyncio.sleep(0)
    log.flush()


async def _main(options: argparse.Namespace) -> None:
    server, _, port = str(options.resolver).partition(":")
    resolver = Resolver(options.host, server, int(port or 53))
    caller = Caller(options.host, options.port, resolver, ca=options.ca, rate=options.rate, seed=options.seed)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with options.log.open("a", encoding="utf-8", buffering=1 << 20) as log:
        try:
            await call_steadily(caller, options.rate, log, stop)
        finally:
            await caller.close()


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is no rate; give requests a second, like 50")
    return value


def main(arguments: Sequence[str] | None = None) -> None:
    """Call until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m drills.traffic.client", description=__doc__)
    parser.add_argument("--host", required=True, help="the service's name")
    parser.add_argument("--port", type=int, default=HTTPS)
    parser.add_argument("--resolver", required=True, help="ADDRESS or ADDRESS:PORT of the resolver to ask")
    parser.add_argument("--ca", type=Path, required=True, help="PEM file of the CA to trust, and no other")
    parser.add_argument("--rate", type=_positive, default=50.0, help="requests a second")
    parser.add_argument("--log", type=Path, required=True, help="file that JSON lines are appended to")
    parser.add_argument("--seed", type=int, default=0)
    asyncio.run(_main(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
