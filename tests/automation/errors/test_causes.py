"""What the words of engines and clouds mean."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.causes import explain
from automation.errors import CredentialsError, EngineError, Failure

BUCKET = "urn:pulumi:us-east::standfast::standfast:buckets:Models$aws:s3/bucket:Bucket::models"
REPORTED = tomllib.loads((Path(__file__).parent / "reported.toml").read_text())["reported"]


@pytest.mark.parametrize("case", REPORTED, ids=lambda case: case["text"][:40])
def test_a_reported_text_has_its_cause(case: dict[str, str]) -> None:
    kind, explanations = explain([Failure(BUCKET, case["text"])], "us-east")
    assert kind.__name__ == case["error"]
    assert len(explanations) == 1
    assert case["told"] in str(explanations[0])
    assert "{" not in str(explanations[0])


def test_a_text_without_a_known_cause_is_left_alone() -> None:
    for text in ("bucket models is taken", "operation error S3: CreateBucket, StatusCode: 503, ", "boom"):
        assert explain([Failure(BUCKET, text)], "us-east") == (EngineError, [])


def test_what_hides_the_rest_comes_first_and_each_cause_once(tmp_path: Path) -> None:
    limit = "api error VpcLimitExceeded: The maximum number of VPCs has been reached."
    over = "api error ExpiredToken: The security token included in the request is expired"
    failures = [Failure(BUCKET, limit), Failure(BUCKET, over), Failure("", over)]
    kind, explanations = explain(failures, "us-east")
    assert kind is CredentialsError
    assert [each.what for each in explanations] == [
        "the cloud credentials of this run have expired",
        "a limit of the account is reached",
    ]
    text = str(kind("up", "us-east", failures, tmp_path / "up.log", explanations))
    assert text.index("cause: the cloud credentials") < text.index("cause: a limit")
    assert text.count("have expired") == 1


@given(st.lists(st.text(max_size=200), max_size=5))
def test_no_text_breaks_it(texts: list[str]) -> None:
    kind, explanations = explain([Failure(BUCKET, text) for text in texts], "us-east")
    assert issubclass(kind, EngineError)
    assert bool(explanations) == (kind is not EngineError)
