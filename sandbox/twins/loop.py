"""Trying again: a twin outlives hiccups of moto and of the API server, and says each trouble once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import httpx2
from botocore.exceptions import BotoCoreError, ClientError
from lightkube import ApiError

_log = logging.getLogger(__name__)

# What moto or the API server can do to a twin: refuse, be away, answer half of what it should.
HICCUPS = (ApiError, httpx2.HTTPError, BotoCoreError, ClientError, OSError, KeyError, IndexError, ValueError)


class Repeater:
    """Runs attempts; after a failure it waits longer each time, up to two seconds.

    `more` are hiccups of a server that no other twin speaks to.
    """

    def __init__(
        self, what: str, stopped: threading.Event, *, more: tuple[type[Exception], ...] = ()
    ) -> None:
        self._what, self._stopped = what, stopped
        self._hiccups = (*HICCUPS, *more)
        self._trouble = ""
        self._pause = 0.0

    def attempt(self, work: Callable[[], None]) -> bool:
        """One attempt; whether it went well."""
        try:
            work()
        except self._hiccups as error:
            trouble = f"{type(error).__name__}: {error}"
            if trouble != self._trouble:
                _log.warning("%s: %s; trying again", self._what, trouble)
            self._trouble = trouble
            self._pause = min(2.0, self._pause * 2 or 0.1)
            self._stopped.wait(self._pause)
            return False
        if self._trouble:
            _log.info("%s: well again", self._what)
        self._trouble, self._pause = "", 0.0
        return True
