"""The verdict as one JSON document."""

from __future__ import annotations

from typing import Any

from automation.ci.verdict import Action, Change, Finding, RegionVerdict, Verdict


def document(verdict: Verdict) -> dict[str, Any]:
    """What loses data comes before everything else."""
    return {
        "verdict": verdict.code.word,
        "exitCode": int(verdict.code),
        "headline": verdict.headline,
        "target": verdict.target,
        "losesData": [{"region": region, **_change(change)} for region, change in verdict.lost],
        "problems": [
            {"key": p.key, "value": p.value, "remedy": p.remedy, "budget": p in verdict.broken}
            for p in verdict.problems
        ],
        "regions": [_region(region) for region in verdict.regions],
        "budgets": verdict.budgets.document() if verdict.budgets else None,
    }


def _region(region: RegionVerdict) -> dict[str, Any]:
    return {
        "region": region.region,
        "verdict": region.code.word,
        "new": region.new,
        "error": region.error or None,
        "counts": {f"{action}s": len(region.of(action)) for action in Action},
        **{f"{action}s": [_change(change) for change in region.of(action)] for action in Action},
        "policy": [_finding(finding) for finding in region.findings],
        "drift": [_change(change) for change in region.drift],
        "notJoined": list(region.unjoined),
        "seconds": round(region.seconds, 1),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": str(change.action),
        "type": change.type,
        "name": change.name,
        "urn": change.urn,
        "properties": list(change.paths),
        "replacedFor": list(change.forcing),
        "holds": change.holds or None,
        "refusedAsProtected": change.refused,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "policy": finding.policy,
        "level": "mandatory" if finding.mandatory else "advisory",
        "severity": finding.severity or None,
        "resource": finding.resource or None,
        "urn": finding.urn or None,
        "message": finding.message,
    }
