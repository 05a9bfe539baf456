"""How old the copy in another cloud may be: the sum, and what would make it hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from config.budgets.copies import exposures, problems, silence, terms
from config.budgets.rpo import transfer_time
from config.budgets.terms import Change, total
from config.platform import Models
from config.stores import LONGEST_ABSENCE, Gcs, Replication, Stores
from config.timings import COPY_BITS_PER_SECOND
from tests.unit.budgets.platforms import GIB

HOURS = timedelta(hours=1)


def models(size: int = 140 * GIB, **gcs: Any) -> Models:
    entry = {"project": "standfast-models", "location": "eur4", "rpo": 2 * HOURS, **gcs}
    return Models(size=size, stores=Stores(gcs=Gcs.model_validate(entry)))


def entry(of: Models) -> Gcs:
    assert of.stores.gcs
    return of.stores.gcs


@st.composite
def copies(draw: st.DrawFn) -> Models:
    place = draw(st.sampled_from(["eur4", "nam4", "eu", "europe-west4"]))
    return models(
        size=draw(st.integers(1, 4096)) * GIB,
        location=place,
        replication=draw(st.sampled_from(list(Replication))) if place in ("eur4", "nam4") else "default",
        interval=timedelta(minutes=draw(st.integers(60, 24 * 60))),
        rpo=timedelta(minutes=draw(st.integers(1, 23 * 60 + 30))),
    )


def changed(of: Models, change: Change) -> Models:
    """The models with the change that a remedy names."""
    last = change.key.rpartition(".")[2]
    if last == "size":
        return of.model_copy(update={"size": change.value})
    value = Replication(change.value) if last == "replication" else change.value
    gcs = entry(of).model_copy(update={last: value})
    return of.model_copy(update={"stores": Stores(gcs=gcs)})


def test_the_project_s_own_sum() -> None:
    (found,) = exposures("p", models())
    assert [(term.name, term.time) for term in found.terms] == [
        ("schedule", HOURS),
        ("transfer", timedelta(minutes=20, seconds=3)),
        ("replication", timedelta(minutes=15)),
    ]
    assert found.holds


def test_default_replication_takes_twelve_hours_and_one_region_none() -> None:
    slow = models(replication="default", rpo=14 * HOURS)
    assert terms(entry(slow), slow.size)[2].time == 12 * HOURS
    single = models(location="europe-west4", replication="default")
    assert terms(entry(single), single.size)[2].time == timedelta()


def test_a_run_that_is_longer_than_the_interval_holds_back_the_next() -> None:
    large = models(size=1024 * GIB, rpo=10 * HOURS)
    waiting, moving, _ = terms(entry(large), large.size)
    assert waiting.time == moving.time == transfer_time(large.size, COPY_BITS_PER_SECOND) > HOURS


def test_a_slow_replication_may_be_mended_by_turbo() -> None:
    (problem,) = problems("p", models(replication="default"))
    assert "set p.models.stores.gcs.replication to turbo" in str(problem)
    (problem,) = problems("p", models(location="eu", replication="default"))
    assert "turbo" not in str(problem)


def test_without_a_copy_there_is_nothing_to_promise() -> None:
    assert exposures("p", Models(size=GIB)) == ()


@given(copies())
def test_it_is_refused_exactly_when_the_sum_is_over_the_promise(of: Models) -> None:
    assert bool(list(problems("p", of))) == (total(terms(entry(of), of.size)) > entry(of).rpo)


@given(copies())
def test_every_change_that_is_named_makes_it_hold(of: Models) -> None:
    (exposure,) = exposures("p", of)
    assume(not exposure.holds)
    for change in exposure.changes:
        (mended,) = exposures("p", changed(of, change))
        assert mended.holds, change
        Gcs.model_validate(entry(changed(of, change)).model_dump())


@given(copies())
def test_the_alert_is_quieter_than_a_run_and_louder_than_the_promise(of: Models) -> None:
    (exposure,) = exposures("p", of)
    if not exposure.holds:
        assume(exposure.changes)
        of = changed(of, exposure.changes[0])
        (exposure,) = exposures("p", of)
    quiet = silence(entry(of))
    assert quiet <= min(LONGEST_ABSENCE, entry(of).rpo)
    assert quiet % timedelta(minutes=1) == timedelta()
    # Between two runs that look at an object lies the schedule; the alert must outwait it.
    assert quiet + timedelta(minutes=1) > exposure.terms[0].time
