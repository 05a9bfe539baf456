"""When an endpoint counts as healthy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dns.errors import RefusedError
from sandbox.dns.health import Check, Opinion, check_of, status_well, verdict


def _check(**changed: Any) -> Check:
    config = {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "us-east.example.com",
        "Port": 443,
        "ResourcePath": "/v2/health/ready",
        "RequestInterval": 10,
        "FailureThreshold": 3,
        "EnableSNI": True,
        **changed,
    }
    return check_of({"Id": "h", "HealthCheckConfig": config})


def test_a_check_is_read_with_its_real_interval_and_threshold() -> None:
    check = _check()
    assert (check.interval, check.threshold, check.port, check.path) == (10, 3, 443, "/v2/health/ready")
    assert check.tls
    assert check.sni


@pytest.mark.parametrize("kind", ["CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"])
def test_checks_of_no_endpoint_are_refused(kind: str) -> None:
    with pytest.raises(RefusedError, match=kind):
        _check(Type=kind)


def test_a_checker_changes_its_mind_after_the_threshold() -> None:
    opinion = Opinion()
    history: list[bool] = []
    for well in [False, False, True, False, False, False, True, True, True]:
        opinion.observe(well=well, threshold=3)
        history.append(opinion.healthy)
    assert history == [True] * 5 + [False] * 3 + [True]


@given(st.lists(st.booleans()), st.integers(1, 10))
def test_a_checker_never_changes_its_mind_on_fewer_answers_in_a_row(
    answers: list[bool], threshold: int
) -> None:
    opinion = Opinion()
    for index, well in enumerate(answers):
        before = opinion.healthy
        opinion.observe(well=well, threshold=threshold)
        if opinion.healthy is not before:
            last = answers[max(0, index + 1 - threshold) : index + 1]
            assert last == [opinion.healthy] * threshold


@pytest.mark.parametrize(
    ("healthy", "checkers", "expected"),
    [(0, 5, False), (1, 5, True), (5, 5, True), (2, 11, True), (1, 6, False), (18, 100, False)],
)
def test_more_than_eighteen_percent_decide(healthy: int, checkers: int, expected: bool) -> None:
    opinions = [True] * healthy + [False] * (checkers - healthy)
    assert verdict(_check(), opinions) is expected
    assert verdict(_check(Inverted=True), opinions) is not expected


def test_a_disabled_check_is_healthy_and_inverted_it_is_not() -> None:
    assert verdict(_check(Disabled=True), [False] * 5)
    assert not verdict(_check(Disabled=True, Inverted=True), [False] * 5)


def test_two_and_three_hundreds_pass() -> None:
    assert [status for status in (100, 199, 200, 302, 399, 400, 503) if status_well(status)] == [
        200,
        302,
        399,
    ]
