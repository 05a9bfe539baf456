"""One region of the platform: the stack's own."""

from config.settings import load
from region import build

build(load())
