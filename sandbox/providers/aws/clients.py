"""boto3 clients for one endpoint: made once for each service and location, strict about what they send."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.providers.aws import strict
from sandbox.providers.aws.kept.shim import Shim
from sandbox.providers.base.table.store import Store

POOL = 48


@dataclass(kw_only=True)
class Clients:
    """All clients of one endpoint (moto's), with what moto lacks answered from the store in `directory`.

    Safe to share between threads. `plain` clients see moto alone.
    """

    endpoint: str
    directory: Path
    access_key: str = "sandbox"
    secret_key: str = "sandbox"  # noqa: S105 - moto takes any
    _made: dict[tuple[str, str, bool], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _boto: Any = None

    def __post_init__(self) -> None:
        self.store = Store(self.directory / "aws-kept.sqlite")
        self._boto = boto3.Session(
            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key, region_name="us-east-1"
        )

    def get(self, service: str, region: str) -> Any:
        """The client of a service in a location: moto, and what is kept beside it."""
        return self._client(service, region, shimmed=True)

    def plain(self, service: str, region: str) -> Any:
        """The client of a service in a location: moto alone."""
        return self._client(service, region, shimmed=False)

    def _client(self, service: str, region: str, *, shimmed: bool) -> Any:
        key = (service, region, shimmed)
        client = self._made.get(key)
        if client is not None:
            return client
        with self._lock:
            if key not in self._made:
                self._made[key] = self._new(service, region, shimmed=shimmed)
            return self._made[key]

    def _new(self, service: str, region: str, *, shimmed: bool) -> Any:
        client = self._boto.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            config=Config(
                max_pool_connections=POOL,
                retries={"total_max_attempts": 1},
                parameter_validation=False,  # strict.attach does it, and more
                connect_timeout=5,
                read_timeout=60,
                s3={"addressing_style": "path"},
            ),
        )
        strict.attach(client)
        if shimmed:
            Shim(service, region, self).attach(client)
        return client

    def close(self) -> None:
        """Closes the store; the clients are of no use after this."""
        self.store.close()


@dataclass(frozen=True, kw_only=True)
class Session:
    """One configured provider: whose account, which location, which default tags."""

    clients: Clients
    region: str
    account: str
    partition: str = "aws"
    default_tags: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, region: str = "") -> Any:
        """The client of a service; in the provider's own location unless another is named."""
        return self.clients.get(service, region or self.region)
