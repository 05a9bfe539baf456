"""Findings, waivers, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.security.__main__ import WAIVERS
from tests.security.findings import (
    Finding,
    Waiver,
    WaiverError,
    judge,
    of_checkov,
    of_kube_score,
    waivers,
)

LIMIT = Finding(
    "checkov", "CKV_K8S_11", "Deployment.ml-serving.inference-service", "CPU limits should be set"
)
GOOD = "throttling shows as latency, and ejects healthy pods"
ROOT_USER = Finding("checkov", "CKV_K8S_40", "Deployment.ml-serving.inference-service", "high UID")


def waiver(*on: str, check: str = "CKV_K8S_11", tool: str = "checkov") -> Waiver:
    return Waiver(tool, check, on, GOOD)


def test_a_finding_without_waiver_is_open() -> None:
    judgement = judge([LIMIT, ROOT_USER], [waiver("Deployment.ml-serving.*")])
    assert judgement.open == (ROOT_USER,)
    assert judgement.waived == (LIMIT,)
    assert not judgement.passes


@pytest.mark.parametrize(
    "held", [waiver("*", check="CKV_K8S_12"), waiver("*", tool="kube-score"), waiver("Service.*")]
)
def test_a_waiver_covers_its_own_tool_check_and_things_only(held: Waiver) -> None:
    judgement = judge([LIMIT], [held])
    assert judgement.open == (LIMIT,)
    assert judgement.needless == ((held, held.on[0]),)


def test_a_pattern_that_nothing_needs_fails() -> None:
    held = waiver("Deployment.ml-serving.*", "Deployment.gone.*")
    judgement = judge([LIMIT], [held])
    assert judgement.needless == ((held, "Deployment.gone.*"),)
    assert not judgement.passes


def test_the_same_finding_in_both_regions_is_one() -> None:
    assert judge([LIMIT, LIMIT], [waiver("*")]).waived == (LIMIT,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('tool = "checkov"\ncheck = "X"\non = ["*"]\nreason = "because"', "is no reason"),
        (f'tool = "checkov"\ncheck = "X"\non = []\nreason = "{GOOD}"', "names nothing"),
        (f'tool = "trivy"\ncheck = "X"\non = ["*"]\nreason = "{GOOD}"', "the tools are"),
        ('tool = "checkov"\ncheck = "X"\non = ["*"]', "give tool, check, on and reason"),
    ],
)
def test_a_waiver_that_does_not_say_enough_is_an_error(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(f"[[waiver]]\n{text}\n")
    with pytest.raises(WaiverError, match=says):
        waivers(path)


def test_our_waivers_can_be_read() -> None:
    assert waivers(WAIVERS)


def report(errors: int = 0) -> dict[str, Any]:
    failed = {"check_id": "CKV_K8S_11", "resource": LIMIT.on, "check_name": LIMIT.says}
    return {
        "check_type": "kubernetes",
        "summary": {"passed": 3, "parsing_errors": errors},
        "results": {"failed_checks": [failed]},
    }


def test_checkov_gives_one_report_or_many() -> None:
    assert of_checkov(report()) == ([LIMIT], 3)
    assert of_checkov([report(), report()]) == ([LIMIT, LIMIT], 6)


def test_what_checkov_could_not_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="could not read 2 files"):
        of_checkov(report(errors=2))


def test_kube_scores_grades() -> None:
    def check(name: str, grade: int, *, skipped: bool = False) -> dict[str, Any]:
        comments = [{"summary": "CPU limit is not set"}] if grade < 10 else None
        return {"check": {"id": name}, "grade": grade, "skipped": skipped, "comments": comments}

    document = {
        "type_meta": {"kind": "Deployment"},
        "object_meta": {"name": "inference-service", "namespace": "ml-serving"},
        "checks": [
            check("limits", 1),
            check("replicas", 5),
            check("fine", 10),
            check("other", 1, skipped=True),
        ],
    }
    findings, passed = of_kube_score([document])
    assert [(each.check, each.on) for each in findings] == [
        ("limits", "Deployment.ml-serving.inference-service"),
        ("replicas", "Deployment.ml-serving.inference-service"),
    ]
    assert passed == 1
