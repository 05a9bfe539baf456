"""The verdict by value and by property."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from automation.ci.data import HOLDERS, SECRETS, held
from automation.ci.document import document
from automation.ci.verdict import (
    Action,
    Change,
    Code,
    Finding,
    RegionVerdict,
    Verdict,
    ordered,
    worst,
)
from config.problems import Problem

CODES = st.sampled_from(list(Code))
CHANGES = st.builds(
    Change,
    urn=st.text("abc", min_size=1),
    type=st.sampled_from(["aws:s3/bucket:Bucket", "aws:ec2/vpc:Vpc"]),
    name=st.text("abc", min_size=1, max_size=3),
    action=st.sampled_from(Action),
    holds=st.sampled_from(["", "the objects in it"]),
)


def change(action: Action, *, holds: str = "", refused: bool = False) -> Change:
    return Change(urn="urn", type="t", name="n", action=action, holds=holds, refused=refused)


def region(**more: object) -> RegionVerdict:
    return RegionVerdict(region="us-east", **more)  # pyright: ignore[reportArgumentType]


def test_the_worst_of_two_codes_is_the_one_documented() -> None:
    rank = [Code.ERROR, Code.REFUSED, Code.CHANGES, Code.NOTHING]
    for one, other in product(Code, Code):
        assert worst([one, other]) is rank[min(rank.index(one), rank.index(other))]
    assert worst([]) is Code.NOTHING


@given(st.lists(CODES), st.lists(CODES))
def test_a_further_region_never_makes_a_verdict_milder(some: list[Code], more: list[Code]) -> None:
    assert worst([*some, *more]) is worst([worst(some), worst(more)])
    assert worst([*some, *more]) is worst([*more, *some])


@given(st.lists(CHANGES))
def test_what_loses_data_comes_before_all_else_and_nothing_is_lost_on_the_way(changes: list[Change]) -> None:
    told = ordered(changes)
    assert sorted(map(repr, told)) == sorted(map(repr, changes))
    losses = [one.loses_data for one in told]
    assert losses == sorted(losses, reverse=True)
    for one in told:
        assert one.loses_data is (bool(one.holds) and one.action in {Action.REPLACE, Action.DELETE})


def test_each_reason_gives_its_code() -> None:
    advisory = Finding(policy="images-by-digest", mandatory=False, severity="low", message="m")
    mandatory = Finding(policy="imdsv2", mandatory=True, severity="high", message="m")
    assert region().code is Code.NOTHING
    assert region(findings=(advisory,)).code is Code.NOTHING
    assert region(changes=(change(Action.CREATE),)).code is Code.CHANGES
    assert region(drift=(change(Action.UPDATE),)).code is Code.CHANGES
    assert region(unjoined=("eu-west",)).code is Code.CHANGES
    assert region(findings=(mandatory,)).code is Code.REFUSED
    assert region(changes=(change(Action.REPLACE, refused=True),)).code is Code.REFUSED
    assert region(findings=(mandatory,), error="no answer").code is Code.ERROR


def test_a_broken_budget_refuses_and_any_other_fault_is_an_error() -> None:
    over, odd = Problem("rto", "19m", "is over"), Problem("colour", "red", "remove it")
    assert Verdict(target="cloud", problems=(over,), broken=frozenset({over})).code is Code.REFUSED
    assert Verdict(target="cloud", problems=(odd,)).code is Code.ERROR
    assert Verdict(target="cloud", problems=(odd, over), broken=frozenset({over})).code is Code.ERROR


def test_the_document_names_lost_data_before_the_regions() -> None:
    lost = change(Action.DELETE, holds="the objects in it")
    verdict = Verdict(target="cloud", regions=(region(changes=(lost, change(Action.CREATE))),))
    told = document(verdict)
    assert list(told).index("losesData") < list(told).index("regions")
    assert [(one["region"], one["action"], one["holds"]) for one in told["losesData"]] == [
        ("us-east", "delete", "the objects in it")
    ]
    assert told["regions"][0]["counts"] == {"replaces": 0, "deletes": 1, "updates": 0, "creates": 1}
    assert told["exitCode"] == Code.CHANGES
    assert told["headline"].startswith("changes: 1 of what holds data")


def test_buckets_keys_and_the_meshs_authority_hold_data_and_a_pod_does_not() -> None:
    assert held("aws:s3/bucket:Bucket", "models")
    assert held("aws:kms/key:Key", "key")
    assert held("kubernetes:core/v1:Secret", "cacerts")
    assert not held("kubernetes:core/v1:Secret", "token")
    assert not held("kubernetes:apps/v1:Deployment", "inference-service")
    assert all(HOLDERS.values())
    assert all(SECRETS.values())
