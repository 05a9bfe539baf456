"""All budgets of a platform at once, and as one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from config.budgets import copies
from config.budgets.headroom import Loss, Warmth, losses, warmth
from config.budgets.quotas import Quota, quotas, warnings
from config.budgets.rpo import Exposure, exposures
from config.budgets.rto import Recovery, recoveries
from config.budgets.terms import Term
from config.platform import Platform
from config.region import Region
from config.timings import seconds

_PLATFORM = "standfast:platform"


@dataclass(frozen=True)
class Sheet:
    """What ``standfast check`` shows: times, replicas, GPUs and counts, each with what it is held against."""

    recoveries: tuple[Recovery, ...]
    exposures: tuple[Exposure, ...]
    losses: tuple[Loss, ...]
    warmths: tuple[Warmth, ...]
    quotas: tuple[Quota, ...]

    @property
    def holds(self) -> bool:
        """Whether every promise is kept; a quota that the account may have had raised does not count."""
        promises = (*self.recoveries, *self.exposures, *self.losses)
        return all(promise.holds for promise in promises) and all(
            quota.holds or quota.can_be_raised for quota in self.quotas
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be asked of AWS before an ``up``."""
        return tuple(warnings(self.quotas))

    def document(self) -> dict[str, Any]:
        """The sheet for machines: times in seconds, money as text, so that no cent is lost."""
        return {
            "ok": self.holds,
            "rto": [_recovery(recovery) for recovery in self.recoveries],
            "rpo": [_exposure(exposure) for exposure in self.exposures],
            "headroom": [_loss(loss) for loss in self.losses],
            "cost": [_warmth(warm) for warm in self.warmths],
            "quotas": [_quota(quota) for quota in self.quotas],
            "warnings": list(self.warnings),
        }


def sheet(platform: Platform, regions: Mapping[str, Region]) -> Sheet:
    """The budgets of ``platform``, with ``regions`` as far as their stack files can be read."""
    entries, inference, size = platform.regions, platform.inference, platform.models.size
    return Sheet(
        recoveries=recoveries(platform.objectives, inference, size, entries, regions),
        exposures=(
            *exposures(_PLATFORM, platform.objectives, platform.backup, size),
            *copies.exposures(_PLATFORM, platform.models),
        ),
        losses=losses(inference, entries, regions),
        warmths=tuple(warmth(name, inference, regions[name]) for name in entries if name in regions),
        quotas=quotas(entries, regions),
    )


def _terms(terms: Iterable[Term]) -> list[dict[str, Any]]:
    return [{"term": term.name, "seconds": seconds(term.time), "how": term.how} for term in terms]


def _recovery(recovery: Recovery) -> dict[str, Any]:
    return {
        "region": recovery.region,
        "failure": str(recovery.failure),
        "carriedBy": recovery.carried_by,
        "replicasNeeded": recovery.capacity.needed,
        "replicasReady": recovery.capacity.ready,
        "terms": _terms(recovery.terms),
        "seconds": seconds(recovery.total),
        "secondsToFullStrength": seconds(recovery.full),
        "rtoSeconds": seconds(recovery.rto),
        "ok": recovery.holds,
    }


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {
        "what": exposure.what,
        "terms": _terms(exposure.terms),
        "seconds": seconds(exposure.total),
        "rpoSeconds": seconds(exposure.rpo),
        "ok": exposure.holds,
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "region": loss.region,
        "lost": loss.lost,
        "replicasLeft": loss.replicas,
        "replicasNeeded": loss.needed,
        "warmGpusLeft": loss.warm_gpus,
        "gpusAtMost": loss.most_gpus,
        "replicasToCarry": loss.peak,
        "ok": loss.holds,
    }


def _money(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _warmth(warm: Warmth) -> dict[str, Any]:
    return {
        "region": warm.region,
        "gpusServing": warm.serving,
        "gpusMissingForRegion": warm.missing_for_region,
        **{
            f"{key}{part}": value
            for part, gpus in (("ForZone", warm.for_zone), ("ForRegion", warm.for_region))
            for key, value in (
                ("gpus", gpus),
                ("gpuHoursAMonth", warm.gpu_hours(gpus)),
                ("moneyAMonth", _money(warm.money(gpus))),
            )
        },
    }


def _quota(quota: Quota) -> dict[str, Any]:
    return {
        "name": quota.name,
        "scope": quota.scope,
        "used": quota.used,
        "limit": quota.limit,
        "where": quota.where or None,
        "growsWith": str(quota.grows),
        "breaksAtRegions": quota.breaks_at,
        "canBeRaised": quota.can_be_raised,
        "source": quota.source,
        "ok": quota.holds,
    }
