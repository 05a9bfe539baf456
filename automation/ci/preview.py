"""Previews regions side by side, each with its policies and its drift."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from automation.ci.recording import Recorder, Severities
from automation.ci.verdict import RegionVerdict
from automation.errors import AutomationError, EngineError, NotUpError, StoppedError
from automation.joins import Standing, missing
from automation.stacks import Outcome, Watch
from config.platform import Platform

_MOST = 8
"""Engines at once at most: each takes a processor while it starts, and some hundred megabytes."""


class Regions(Protocol):
    """What a preview needs of the stacks."""

    def init(self, regions: Sequence[str]) -> None: ...

    def select(self, regions: Sequence[str]) -> None: ...

    def outputs(self, region: str) -> Mapping[str, Any]: ...

    def preview(
        self, region: str, *, policy_packs: Sequence[str] = (), watch: Watch | None = None
    ) -> Outcome: ...

    def refresh(self, region: str, *, preview_only: bool = False, watch: Watch | None = None) -> Outcome: ...

    def stop(self) -> None: ...


def preview(
    stacks: Regions, platform: Platform, regions: Sequence[str], pack: Path, severity: Severities
) -> tuple[RegionVerdict, ...]:
    """A verdict for each of `regions`, in their order, judged by the policy pack in the folder `pack`.

    Stacks that are missing are initialised, as by `up`: a region reads its peers' stacks. Nothing else is
    changed. A region that fails does not keep the others from their verdict.
    """
    stacks.init(tuple(platform.regions))
    near = sorted({*regions, *(peer for region in regions for peer in platform.peers(region))})
    stacks.select(near)
    with ThreadPoolExecutor(max_workers=min(_MOST, max(len(near), os.cpu_count() or 1))) as pool:
        try:
            found = dict(zip(near, pool.map(lambda region: _standing(stacks, region), near), strict=True))
            standing = {region: state for region, state in found.items() if state is not None}

            def judge(region: str) -> RegionVerdict:
                verdict = _region(stacks, region, pack, severity, new=region not in standing)
                if region not in standing:
                    return verdict
                return replace(verdict, unjoined=missing(platform.peers(region), region, standing))

            return tuple(pool.map(judge, regions))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            stacks.stop()
            raise StoppedError("stopped: a preview changes nothing, and can be run again") from None


def _standing(stacks: Regions, region: str) -> Standing | None:
    """Of a region that was brought up once."""
    try:
        outputs = stacks.outputs(region)
    except NotUpError:
        return None
    return Standing.of(outputs) if outputs else None


def _region(stacks: Regions, region: str, pack: Path, severity: Severities, *, new: bool) -> RegionVerdict:
    began = time.monotonic()
    planned, drifted = Recorder(severity), Recorder()
    error = ""
    try:
        try:
            stacks.preview(region, policy_packs=[str(pack)], watch=planned.record)
        except EngineError:
            if not planned.refused:
                raise
        if not new:
            stacks.refresh(region, preview_only=True, watch=drifted.record)
    except StoppedError:
        raise
    except AutomationError as failure:
        error = str(failure)
    return RegionVerdict(
        region=region,
        new=new,
        changes=planned.changes,
        findings=planned.findings,
        drift=drifted.changes,
        error=error,
        seconds=time.monotonic() - began,
    )
