"""A client: `asker.py ROOT HOST SECONDS` asks twenty times a second, and prints JSON lines of the answers."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import sys
import time

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]})
HEADERS = {"Content-Type": "application/json"}


def main(root: str, host: str, seconds: float) -> None:
    context = ssl.create_default_context(cafile=root)
    end = time.time() + seconds
    while True:
        begun = time.time()
        answer: dict[str, object] = {"t": begun, "ok": False, "status": None, "region": None, "pod": None}
        connection = http.client.HTTPSConnection(host, context=context, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("POST", "/v2/models/default/infer", BODY, HEADERS)
            response = connection.getresponse()
            response.read()
            answer |= {name: response.headers.get(f"x-standfast-{name}") for name in ("region", "pod")}
            answer |= {"ok": response.status == 200, "status": response.status}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        if time.time() > end:
            return
        time.sleep(max(0.0, begun + 0.05 - time.time()))


main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
