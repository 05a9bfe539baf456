"""Runs the DNS twin until SIGTERM: the authority with its health checkers, or one resolver."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from sandbox.dns.running import ResolverOptions, Running, run_resolver
from sandbox.paths import write_atomic
from sandbox.twins.process import log_to_stderr

_log = logging.getLogger("sandbox.dns")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox.dns", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    authority = commands.add_parser(
        "authority", help="the name server of the hosted zones, and health checkers"
    )
    authority.add_argument("--moto", required=True, help="moto's URL")
    authority.add_argument("--places", required=True, type=Path, help="JSON file: network → AWS location")
    authority.add_argument("--checker", action="append", default=[], help="a checker's own IPv4 address")
    authority.add_argument("--health", required=True, type=Path, help="file to show what the checkers know")
    authority.add_argument("--health-events", required=True, type=Path, help="JSON lines of changed verdicts")
    authority.add_argument("--seed", type=int, help="for when checkers begin, and for weighted records")
    authority.add_argument(
        "--resolver",
        action="append",
        default=[],
        help="ADDRESS or ADDRESS=SECONDS: a resolver beside it, which keeps answers at least so long",
    )
    resolver = commands.add_parser("resolver", help="a region's own resolver")
    resolver.add_argument("--authority", required=True, help="ADDRESS:PORT that it asks")
    for command in (authority, resolver):
        command.add_argument("--listen", required=True, help="ADDRESS:PORT")
        command.add_argument(
            "--balancer",
            action="append",
            default=[],
            help="LOCATION/SERVICE=ADDRESS: where the load balancer of a Service is",
        )
        command.add_argument(
            "--balancers",
            required=True,
            type=Path,
            help="file of all load balancers, which the authority writes",
        )
        command.add_argument("--queries", required=True, type=Path, help="JSON lines of what was asked")
        command.add_argument("--ready", required=True, type=Path, help="file to write once it answers")
    return parser


def _endpoint(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    return address, int(port)


def _addresses(options: list[str]) -> dict[str, dict[str, str]]:
    """Location → Service → address."""
    table: dict[str, dict[str, str]] = {}
    for option in options:
        name, _, address = option.partition("=")
        location, _, service = name.partition("/")
        table.setdefault(location, {})[service] = address
    return table


async def _run(arguments: argparse.Namespace) -> bool:
    """Whether it ended because it was asked to."""
    running = Running()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.ended.set)
    if arguments.command == "authority":
        # boto3 is most of a process's memory, and the regions' resolvers do without.
        from sandbox.dns.authority_process import AuthorityOptions, run_authority  # noqa: PLC0415

        resolvers = dict(option.partition("=")[::2] for option in arguments.resolver)
        options = AuthorityOptions(
            listen=_endpoint(arguments.listen),
            moto=arguments.moto,
            balancers=_addresses(arguments.balancer),
            balancer_file=arguments.balancers,
            places=arguments.places,
            checkers=arguments.checker,
            health=arguments.health,
            events=arguments.health_events,
            queries=arguments.queries,
            resolvers={address: float(seconds or 0) for address, seconds in resolvers.items()},
            seed=arguments.seed,
        )
        await run_authority(options, running)
    else:
        await run_resolver(
            ResolverOptions(
                listen=_endpoint(arguments.listen),
                authority=_endpoint(arguments.authority),
                balancers=_addresses(arguments.balancer),
                balancer_file=arguments.balancers,
                queries=arguments.queries,
            ),
            running,
        )
    write_atomic(arguments.ready, f"{arguments.listen}\n")
    _log.info("%s answers at %s", arguments.command, arguments.listen)
    await running.ended.wait()
    running.close()
    return not running.failed


def main() -> int:
    """The command line."""
    arguments = _parser().parse_args()
    log_to_stderr()
    return 0 if asyncio.run(_run(arguments)) else 1


if __name__ == "__main__":
    sys.exit(main())
