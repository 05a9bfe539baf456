"""One region of the platform: the stack's own."""

import pulumi

from config.problems import ConfigError
from config.settings import load
from region import build

try:
    build(load())
except ConfigError as error:
    # The engine shows a RunError as one message, and anything else with its traceback.
    raise pulumi.RunError(str(error)) from None
