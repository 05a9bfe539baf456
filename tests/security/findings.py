"""Findings of scanners, and the waivers that hold some of them off."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

TOOLS = ("checkov", "kube-score")
SHORTEST_REASON = 40


@dataclass(frozen=True, order=True)
class Finding:
    """What a tool says against one thing: ``Kind.namespace.name`` or ``terraform_type.name``."""

    tool: str
    check: str
    on: str
    says: str


@dataclass(frozen=True)
class Waiver:
    """A check that is not asked of some things, and why."""

    tool: str
    check: str
    on: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        same = (self.tool, self.check) == (finding.tool, finding.check)
        return same and any(fnmatchcase(finding.on, pattern) for pattern in self.on)


class WaiverError(ValueError):
    """A waivers' file that does not say enough; the message says which entry and what."""


def waivers(path: Path) -> list[Waiver]:
    """Read the file. WaiverError for an unknown tool or key, no pattern, or a reason that is none."""
    found: list[Waiver] = []
    for entry in tomllib.loads(path.read_text()).get("waiver", []):
        said = f"{path.name}: {entry.get('tool')} {entry.get('check')}"
        if set(entry) != {"tool", "check", "on", "reason"}:
            raise WaiverError(f"{said}: give tool, check, on and reason, and nothing else")
        if entry["tool"] not in TOOLS:
            raise WaiverError(f"{said}: the tools are {', '.join(TOOLS)}")
        if not entry["on"]:
            raise WaiverError(f"{said}: `on` names nothing")
        if len(entry["reason"]) < SHORTEST_REASON:
            raise WaiverError(f"{said}: {entry['reason']!r} is no reason")
        found.append(Waiver(entry["tool"], entry["check"], tuple(entry["on"]), entry["reason"]))
    return found


@dataclass(frozen=True)
class Judgement:
    """``open`` findings fail, and so do ``needless`` patterns of waivers, which cover nothing."""

    open: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    needless: tuple[tuple[Waiver, str], ...]

    @property
    def passes(self) -> bool:
        return not self.open and not self.needless


def judge(findings: Iterable[Finding], held: Sequence[Waiver]) -> Judgement:
    """Which findings no waiver covers, and which patterns no finding needs."""
    every = sorted(set(findings))
    waived = [finding for finding in every if any(waiver.covers(finding) for waiver in held)]
    needless = [
        (waiver, pattern)
        for waiver in held
        for pattern in waiver.on
        if not any(waiver.covers(f) and fnmatchcase(f.on, pattern) for f in every)
    ]
    return Judgement(tuple(f for f in every if f not in waived), tuple(waived), tuple(needless))


def of_checkov(reports: Any) -> tuple[list[Finding], int]:
    """Findings of checkov's JSON (one report, or a list of them), and how many checks passed.

    ValueError when it could not read something: what is not read is not judged.
    """
    findings: list[Finding] = []
    passed = 0
    for report in reports if isinstance(reports, list) else [reports]:
        summary = report["summary"]
        if summary["parsing_errors"]:
            raise ValueError(
                f"checkov could not read {summary['parsing_errors']} files ({report['check_type']})"
            )
        passed += summary["passed"]
        for each in report["results"]["failed_checks"]:
            findings.append(Finding("checkov", each["check_id"], each["resource"], each["check_name"]))
    return findings, passed


def of_kube_score(objects: Any) -> tuple[list[Finding], int]:
    """Findings of kube-score's JSON, critical ones and warnings, and how many checks passed."""
    findings: list[Finding] = []
    passed = 0
    for each in objects:
        meta = each["object_meta"]
        on = ".".join([each["type_meta"]["kind"], meta.get("namespace") or "default", meta["name"]])
        for check in each["checks"]:
            if check["skipped"]:
                continue
            if check["grade"] > _WARNING:
                passed += 1
                continue
            says = "; ".join(sorted({comment["summary"] for comment in check["comments"] or ()}))
            findings.append(Finding("kube-score", check["check"]["id"], on, says))
    return findings, passed


_WARNING = 5
"""kube-score's grades: 1 critical, 5 warning, 7 almost well, 10 well."""
