"""What a budget is made of, and what would make it hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from config.problems import Problem
from config.types import duration_text, size_text


@dataclass(frozen=True)
class Term:
    """One summand: what takes the time, how long, in whole seconds, and what it is computed from."""

    name: str
    time: timedelta
    how: str


@dataclass(frozen=True)
class Change:
    """A value of one key with which the budget holds; any value nearer to the present one would not do.

    A time is for an objective or an interval, a text for a mode, ``size`` says that the number is bytes.
    """

    key: str
    value: int | timedelta | str
    size: bool = False

    def __str__(self) -> str:
        if isinstance(self.value, timedelta):
            text = duration_text(self.value)
        else:
            text = size_text(self.value) if self.size and isinstance(self.value, int) else str(self.value)
        return f"set {self.key} to {text}"


def total(terms: Iterable[Term]) -> timedelta:
    """The sum."""
    return sum((term.time for term in terms), timedelta())


def sum_text(terms: Sequence[Term]) -> str:
    """``detection 30s + DNS TTL 30s = 1m``: the terms that are not nothing, and their sum."""
    told = [f"{term.name} {duration_text(term.time)}" for term in terms if term.time]
    return f"{' + '.join(told) or 'nothing'} = {duration_text(total(terms))}"


def over(
    key: str,
    subject: str,
    terms: Sequence[Term],
    changes: Iterable[Change],
    *,
    promise: str,
    limit: timedelta,
) -> Iterator[Problem]:
    """The problem of a sum that is over its ``limit``, with each change that would make it hold alone."""
    if total(terms) > limit:
        remedy = ", or ".join(str(change) for change in changes) or "no change of one key alone would do"
        yield Problem(
            key, subject, f"{sum_text(terms)} is over the {promise} of {duration_text(limit)}; {remedy}"
        )
