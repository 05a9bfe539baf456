"""moto's server with a log of who asked for what: `python -m sandbox.moto_server -H HOST -p PORT --log FILE`.

One JSON line for each answer: {"t", "caller", "service", "location", "what", "status"}. The caller is the
application id that an AWS SDK sends along (AWS_SDK_UA_APP_ID, with which every process of a sandbox is
started); service and location are those that the request was signed for.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

from sandbox import moto_checksums, moto_listing, moto_policies

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<location>[^/]+)/(?P<service>[^/]+)/aws4_request")
_CALLER = re.compile(r"\bapp/(?P<caller>\S+)")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def asked(environ: dict[str, Any]) -> dict[str, str]:
    """Who asks what, from a request's WSGI environment; "" for what it does not say."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    caller = _CALLER.search(environ.get("HTTP_USER_AGENT", ""))
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return {
        "caller": caller["caller"] if caller else "",
        "service": scope["service"] if scope else "",
        "location": scope["location"] if scope else "",
        "what": operation or f"{environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}",
    }


class Logged:
    """An application whose requests are written down, each as its answer begins."""

    def __init__(self, application: Application, log: Path) -> None:
        self._application = application
        self._stream = log.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        entry = {"t": time.time(), **asked(environ)}

        def begin(status: str, *rest: Any) -> Any:
            code = int(status.partition(" ")[0])
            with self._lock:
                self._stream.write(f"{json.dumps({**entry, 'status': code})}\n")
            return start_response(status, *rest)

        return self._application(environ, begin)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.moto_server")
    parser.add_argument("-H", "--host", required=True)
    parser.add_argument("-p", "--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    # The requests have a log of their own, which says more.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    moto_policies.install()
    moto_checksums.install()
    moto_listing.install()
    application: Any = Logged(DomainDispatcherApplication(create_backend_app), options.log)
    run_simple(options.host, options.port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
