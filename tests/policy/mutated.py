"""A program that is the real one but for a few mistakes: run by the engine in place of `__main__.py`.

`STANDFAST_MISTAKES` names them, by commas. They are made where resources are registered, so that all before
that is the program's own.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi

VARIABLE = "STANDFAST_MISTAKES"
CHECKOUT = "STANDFAST_CHECKOUT"

Props = dict[str, Any]


def _half(props: Props) -> None:
    spec = {**props["spec"], "trafficPolicy": {**props["spec"]["trafficPolicy"]}}
    spec["trafficPolicy"]["outlierDetection"] = {
        **spec["trafficPolicy"]["outlierDetection"],
        "maxEjectionPercent": 50,
    }
    props["spec"] = spec


def _open(props: Props) -> None:
    props["vpcConfig"] = {**props["vpcConfig"], "publicAccessCidrs": ["0.0.0.0/0"]}


def _slow(props: Props) -> None:
    props["ttl"] = 300


def _rare(props: Props) -> None:
    props["spec"] = {**props["spec"], "schedule": "0 * * * *"}


MISTAKES: Mapping[str, tuple[str, Callable[[Props], None]]] = {
    "outlier-detection": ("mesh-failover", _half),
    "eks-endpoint-not-open": ("cluster-eks", _open),
    "dns-ttl-within-budget": ("global-dns-entry", _slow),
    "backup-within-rpo": ("backup-ml-backup-rpo", _rare),
}
"""By the rule that must refuse it: the resource, and what is done to its properties."""


def _transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    for rule in os.environ[VARIABLE].split(","):
        name, change = MISTAKES[rule]
        if args.name == name:
            props = dict(args.props)
            change(props)
            return pulumi.ResourceTransformResult(props, args.opts)
    return None


def main() -> None:
    """Register the mistakes, then run the real program."""
    checkout = Path(os.environ[CHECKOUT])
    pulumi.runtime.register_resource_transform(_transform)
    sys.path.insert(0, str(checkout))
    runpy.run_path(str(checkout / "__main__.py"), run_name="__main__")


if __name__ == "__main__":
    main()
