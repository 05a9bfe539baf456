"""Where a resolver, or the client that it asks for, is.

Route 53 takes the network of EDNS client subnet (RFC 7871) where a resolver sends it, else the resolver's own
address (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-edns0.html).
"""

from __future__ import annotations

import ipaddress
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dnslib import QTYPE, DNSRecord, EDNSOption

from sandbox.dns.errors import RefusedError

_CLIENT_SUBNET = 8
_IPV4 = 1


@dataclass(frozen=True)
class Subnet:
    """A client's network as a resolver tells it."""

    address: str
    prefix: int


class Places:
    """Networks and the AWS region near to each, from a JSON file {network: region} that may change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = 0
        self._networks: dict[ipaddress.IPv4Network, str] = {}

    def of(self, address: str) -> str:
        """The region of the narrowest network that holds the address; RefusedError when none does."""
        self._read()
        wanted = ipaddress.IPv4Address(address)
        holding = [network for network in self._networks if wanted in network]
        if not holding:
            raise RefusedError(f"nothing is known of where {address} is", where=str(self._path))
        return self._networks[max(holding, key=lambda network: network.prefixlen)]

    def _read(self) -> None:
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                known: Mapping[str, str] = json.loads(self._path.read_bytes())
                self._networks = {ipaddress.IPv4Network(key): value for key, value in known.items()}
                self._stamp = stamp
        except (OSError, ValueError) as error:
            raise RefusedError(
                f"the file of places cannot be read: {error}", where=str(self._path)
            ) from error


def client_subnet(query: DNSRecord) -> Subnet | None:
    """The client's IPv4 network that a query carries, if it does."""
    for option in _options(query):
        if option.code == _CLIENT_SUBNET and len(option.data) >= struct.calcsize("!HBB"):
            family, prefix, _scope = struct.unpack("!HBB", option.data[:4])
            if family == _IPV4 and prefix <= ipaddress.IPV4LENGTH:
                packed = option.data[4:8].ljust(4, b"\0")
                return Subnet(str(ipaddress.IPv4Address(packed)), prefix)
    return None


def subnet_option(subnet: Subnet, *, scope: int = 0) -> EDNSOption:
    """The option as it is sent; `scope` is how much of the network an answer depends on."""
    packed = ipaddress.IPv4Address(subnet.address).packed[: (subnet.prefix + 7) // 8]
    return EDNSOption(_CLIENT_SUBNET, struct.pack("!HBB", _IPV4, subnet.prefix, scope) + packed)


def _options(query: DNSRecord) -> list[EDNSOption]:
    return [option for extra in query.ar if extra.rtype == QTYPE.OPT for option in extra.rdata]
