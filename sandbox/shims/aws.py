"""The `aws` of a sandbox: answers `eks get-token`, as the program's kubeconfig asks it, and refuses all else.

The answer's form: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/. On a user's
machine the real AWS CLI stands here, and the program is the same.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sandbox.paths import DIRECTORY_VARIABLE

# What `aws eks get-token` itself gives: https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
_TOKEN_LIFE = dt.timedelta(minutes=14)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"this stand-in answers `aws eks get-token` alone: {message}\n")
        raise SystemExit(2)


def credential(token: str, now: dt.datetime) -> dict[str, Any]:
    """An ExecCredential that holds for as long as one of EKS."""
    expires = (now + _TOKEN_LIFE).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {},
        "status": {"expirationTimestamp": expires, "token": token},
    }


def run(arguments: Sequence[str], folder: Path) -> str:
    """The document for these arguments. SystemExit(2) for all others."""
    parser = _Parser(prog="aws", add_help=False)
    # The real command takes these before the service's name as well as after.
    for flag in ("--region", "--profile"):
        parser.add_argument(flag)
    parser.add_argument("--output", choices=["json"])
    parser.add_argument("service", choices=["eks"])
    parser.add_argument("operation", choices=["get-token"])
    parser.add_argument("--cluster-name", required=True)
    parser.add_argument("--role-arn")
    parser.parse_args(arguments)
    token = (folder / "token").read_text().strip()
    version = _api_version(os.environ.get("KUBERNETES_EXEC_INFO", ""))
    return json.dumps({**credential(token, dt.datetime.now(dt.UTC)), "apiVersion": version})


def _api_version(exec_info: str) -> str:
    """The version that the caller asks for; without one, what the AWS CLI answers."""
    try:
        return str(json.loads(exec_info)["apiVersion"])
    except (ValueError, KeyError, TypeError):
        return "client.authentication.k8s.io/v1beta1"


def main() -> None:
    folder = os.environ.get(DIRECTORY_VARIABLE, "")
    if not folder:
        sys.stderr.write(f"{DIRECTORY_VARIABLE} is not set: this is the stand-in of a sandbox\n")
        raise SystemExit(2)
    sys.stdout.write(run(sys.argv[1:], Path(folder)) + "\n")


if __name__ == "__main__":
    main()
