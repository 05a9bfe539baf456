"""`pulumi-analyzer-policy-python` for the sandbox: runs a policy pack in this very Python.

The engine calls it with its address, the pack's folder and the runtime options of PulumiPolicy.yaml as
`-name=value`. Those choose an environment, which is this one already, and the SDK's runner would take
`-virtualenv` for its `-v`.
https://github.com/pulumi/pulumi/blob/master/sdk/python/dist/pulumi-analyzer-policy-python
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time
from collections.abc import Sequence

_OPTIONS = ("-toolchain=", "-virtualenv=", "-typechecker=")


def arguments(given: Sequence[str]) -> list[str]:
    """What the SDK's runner understands of `given`."""
    return [one for one in given if not one.startswith(_OPTIONS)]


def _end_with_parent(parent: int) -> None:
    """An engine that is killed says no goodbye: its analyzer follows."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    """Hand over to the SDK's runner, which prints the pack's port."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    sys.argv = [sys.argv[0], *arguments(sys.argv[1:])]
    # A pack sees its own folder and what is installed, not the folder that the engine was started in.
    sys.stdout.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]
    runpy.run_module("pulumi.policy.__main__", run_name="__main__")


if __name__ == "__main__":
    main()
