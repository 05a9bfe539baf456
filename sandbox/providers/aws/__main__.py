"""Serves the provider: prints its port on the first line, then answers until it is told to stop."""

from __future__ import annotations

import sys

from sandbox.providers.aws.errors import ConfigError
from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.aws.warm import warm_in_background
from sandbox.providers.base import run

if __name__ == "__main__":
    try:
        provider = AwsProvider.from_environment()
    except ConfigError as error:
        sys.exit(f"aws provider: {error}")
    warm_in_background(provider.clients)
    run(provider)
