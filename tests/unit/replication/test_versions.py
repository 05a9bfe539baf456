"""What a rule still has to replicate."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.replication.rules import Rule
from sandbox.replication.versions import Operation, Pace, Version, histories, pending

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PACE = Pace(least=1.0, most=3.0, rate=100.0)


def _rule(destination: str = "b", **changed: Any) -> Rule:
    values: dict[str, Any] = {
        "id": f"to-{destination}",
        "source": "a",
        "source_location": "us-east-1",
        "destination": destination,
        "destination_location": "eu-west-1",
        "priority": 1,
        "delete_markers": True,
        **changed,
    }
    return Rule(**values)


def _listed(key: str, version: str, second: int, *, latest: bool = False, size: int = 10) -> dict[str, Any]:
    moment = NOW + dt.timedelta(seconds=second)
    return {"Key": key, "VersionId": version, "LastModified": moment, "IsLatest": latest, "Size": size}


def _pending(
    rules: list[Rule],
    history: dict[str, list[Version]],
    *,
    done: frozenset[str] = frozenset(),
    since: float = 0,
) -> list[Operation]:
    return pending(
        rules,
        history,
        settled=lambda _rule, version: version.id in done,
        since=lambda _rule: since,
        seen=lambda version: version.modified,
        pace=PACE,
    )


def test_versions_and_markers_come_in_the_order_in_which_they_were_made() -> None:
    pages = [
        {
            "Versions": [_listed("k", "3", 5, latest=True), _listed("k", "1", 1), _listed("x", "9", 0)],
            "DeleteMarkers": [_listed("k", "2", 5)],
        }
    ]
    found = histories(pages)
    assert [(one.id, one.marker, one.number) for one in found["k"]] == [
        ("1", False, 0),
        ("2", True, 1),
        ("3", False, 2),
    ]
    assert [one.id for one in found["x"]] == ["9"]


def test_a_latest_marker_comes_last_within_its_second() -> None:
    pages = [{"Versions": [_listed("k", "1", 5)], "DeleteMarkers": [_listed("k", "2", 5, latest=True)]}]
    assert [one.id for one in histories(pages)["k"]] == ["1", "2"]


@given(
    st.lists(st.tuples(st.sampled_from("kl"), st.integers(0, 20), st.booleans()), max_size=12),
    st.integers(0, 5),
)
def test_each_key_keeps_its_order_and_nothing_is_left_out(
    made: list[tuple[str, int, bool]], seed: int
) -> None:
    history: dict[str, list[Version]] = {}
    for number, (key, second, marker) in enumerate(sorted(made, key=lambda one: one[1])):
        versions = history.setdefault(key, [])
        versions.append(
            Version(key=key, id=str(number), modified=float(second), marker=marker, number=len(versions))
        )
    operations = pending(
        [_rule()],
        history,
        settled=lambda _rule, _version: False,
        since=lambda _rule: 0.0,
        seen=lambda version: version.modified,
        pace=Pace(seed=seed),
    )
    assert len(operations) == len(made)
    assert [one.version.modified for one in operations] == sorted(one.version.modified for one in operations)
    for key in history:
        mine = [one for one in operations if one.version.key == key]
        assert [one.version.number for one in mine] == list(range(len(mine)))
        assert [one.due for one in mine] == sorted(one.due for one in mine)


def test_what_is_older_than_the_rule_stays_where_it_is() -> None:
    history = {
        "k": [Version(key="k", id="1", modified=9.0), Version(key="k", id="2", modified=10.0, number=1)]
    }
    assert [one.version.id for one in _pending([_rule()], history, since=10.7)] == ["2"]


def test_delete_markers_go_only_where_the_rule_says() -> None:
    history = {
        "k": [Version(key="k", id="1", modified=1.0), Version(key="k", id="2", modified=2.0, marker=True)]
    }
    assert len(_pending([_rule()], history)) == 2
    assert [one.version.id for one in _pending([_rule(delete_markers=False)], history)] == ["1"]


def test_one_destination_has_one_rule_and_two_have_two() -> None:
    history = {"models/m": [Version(key="models/m", id="1", modified=1.0)]}
    low, high = _rule(id="low", prefix="models/"), _rule(id="high", priority=2)
    assert [one.rule.id for one in _pending([low, high], history)] == ["high"]
    assert {one.rule.destination for one in _pending([low, _rule("c")], history)} == {"b", "c"}
    assert _pending([_rule(prefix="other/")], history) == []


@given(st.integers(0, 10**9), st.integers(0, 3), st.integers(0, 10**6))
def test_a_replica_takes_its_seconds_and_always_the_same(seed: int, number: int, size: int) -> None:
    version = Version(key="k", id="any", modified=0.0, number=number, size=size)
    pace = Pace(least=1.0, most=3.0, rate=100.0, seed=seed)
    assert 1.0 + size / 100 <= pace.seconds(version) <= 3.0 + size / 100
    assert pace.seconds(version) == pace.seconds(
        Version(key="k", id="other", modified=5.0, number=number, size=size)
    )
