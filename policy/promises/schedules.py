"""Durations, and how long a cron schedule may leave between two runs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

_MACROS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0"}
_DAY = 24 * 60
_DAYS = 62
"""Two months hold the longest gap of every schedule that names no single month."""


_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def duration(text: Any) -> timedelta | None:
    """``1h30m`` or ``720h``; None for what is no such text."""
    if not isinstance(text, str) or not re.fullmatch(r"(\d+(\.\d+)?[dhms])+", text):
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms])", text)
    return sum((timedelta(**{_UNITS[unit]: float(count)}) for count, unit in parts), timedelta())


def _values(field: str, low: int, high: int) -> frozenset[int] | None:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        try:
            first = low if start == "*" else int(start)
            last = high if start == "*" or (step and not dash) else int(end) if dash else first
            found.update(range(first, last + 1, int(step) if step else 1))
        except ValueError:
            return None
    return frozenset(found)


def longest_gap(schedule: str) -> timedelta | None:
    """The longest time between two runs of a cron schedule or ``@every 30m``; None if it is not read.

    https://pkg.go.dev/github.com/robfig/cron#hdr-CRON_Expression_Format
    """
    if schedule.startswith("@every "):
        return duration(schedule.removeprefix("@every ").strip())
    fields = _MACROS.get(schedule, schedule).split()
    if len(fields) != 5:
        return None
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    read = [_values(field, *limit) for field, limit in zip(fields, limits, strict=True)]
    if any(values is None or not values for values in read):
        return None
    minutes, hours, dates, months, weekdays = (values or frozenset[int]() for values in read)
    either = fields[2] != "*" and fields[4] != "*"
    times = sorted(60 * hour + minute for hour in hours for minute in minutes)
    within = max((after - before for before, after in pairwise(times)), default=0)
    runs: list[int] = []
    for day in range(_DAYS):
        date = datetime(2025, 1, 1) + timedelta(days=day)
        dated, weekday = date.day in dates, {date.isoweekday() % 7, date.isoweekday()} & weekdays
        if date.month in months and ((dated or weekday) if either else (dated and weekday)):
            runs.append(day)
    overnight = _DAY - times[-1] + times[0]
    between = max((_DAY * (after - before - 1) + overnight for before, after in pairwise(runs)), default=0)
    return timedelta(minutes=max(within, between)) if between else timedelta(days=_DAYS)
