"""Cron schedules, read as the gap that they may leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.promises.schedules import duration, longest_gap


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("*/10 * * * *", timedelta(minutes=10)),
        ("3-59/10 * * * *", timedelta(minutes=10)),
        ("0,10,50 * * * *", timedelta(minutes=40)),
        ("0 * * * *", timedelta(hours=1)),
        ("0 */6 * * *", timedelta(hours=6)),
        ("0 2 * * *", timedelta(days=1)),
        ("*/5 8-17 * * *", timedelta(hours=14, minutes=5)),
        ("0 3 * * 0", timedelta(days=7)),
        ("0 3 * * 7", timedelta(days=7)),
        ("0 3 1 * *", timedelta(days=31)),
        ("@hourly", timedelta(hours=1)),
        ("@every 30m", timedelta(minutes=30)),
    ],
)
def test_the_longest_gap_of_a_schedule(schedule: str, gap: timedelta) -> None:
    assert longest_gap(schedule) == gap


@pytest.mark.parametrize("schedule", ["", "often", "* * * *", "x * * * *", "@every soon"])
def test_what_is_no_schedule_has_none(schedule: str) -> None:
    assert longest_gap(schedule) is None


@given(st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]), st.integers(0, 59))
def test_a_step_that_divides_the_hour_is_the_gap_wherever_it_starts(step: int, start: int) -> None:
    assert longest_gap(f"{start % step}-59/{step} * * * *") == timedelta(minutes=step)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up(hours: int, minutes: int, seconds: int) -> None:
    expected = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert duration(f"{hours}h{minutes}m{seconds}s") == expected


@pytest.mark.parametrize("text", ["", "5", "h", "1 h", None, 5])
def test_what_is_no_duration(text: object) -> None:
    assert duration(text) is None
