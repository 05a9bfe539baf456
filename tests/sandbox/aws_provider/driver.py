"""The driver on one moto server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.providers.aws.clients import Session
from tests.sandbox import driver
from tests.sandbox.driver import RefusedError, Resource

__all__ = ["Driver", "RefusedError", "Resource"]


@dataclass(kw_only=True)
class Driver(driver.Driver[Session]):
    """`made` is what exists, in the order of making."""

    def aws(self, service: str, region: str = "us-east-1") -> Any:
        """Moto alone, to look and to meddle behind the provider's back."""
        return self.session.clients.plain(service, region)
