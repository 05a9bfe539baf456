"""Serves the provider: prints its port on the first line, then answers until it is told to stop."""

from __future__ import annotations

import sys

from sandbox.providers.base import run
from sandbox.providers.gcp.errors import ConfigError
from sandbox.providers.gcp.provider import GcpProvider

if __name__ == "__main__":
    try:
        provider = GcpProvider.from_environment()
    except ConfigError as error:
        sys.exit(f"gcp provider: {error}")
    run(provider)
