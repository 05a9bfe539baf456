"""What every twin's process begins with: a log on stderr, and an end when it is told to.

It needs nothing but the standard library: the regions' resolvers do without boto3, for its memory.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading

# Their every request would drown what the twin has to say.
_TALKATIVE = ("botocore", "httpcore2", "httpx2")


def log_to_stderr(*who: str) -> None:
    """Time, `who` speaks (its region, say), level and message of everything from INFO on."""
    parts = ("%(asctime)s", *who, "%(levelname)s", "%(message)s")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=" ".join(parts))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def begin(*who: str) -> threading.Event:
    """`log_to_stderr`; and what SIGTERM and SIGINT set, which only the main thread may ask for."""
    log_to_stderr(*who)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
