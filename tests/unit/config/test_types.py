from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from config.types import Cidr, Duration, Image, Size, duration_text

duration = TypeAdapter(Duration)
size = TypeAdapter(Size)
image = TypeAdapter(Image)
cidr = TypeAdapter(Cidr)


@given(st.integers(min_value=1, max_value=10**6))
def test_a_duration_reads_back_as_it_is_written(seconds: int):
    length = timedelta(seconds=seconds)
    assert duration.validate_python(duration_text(length)) == length


@pytest.mark.parametrize("text", ["", "30", 30, "m", "0m", "30 m", "1d", "-5m", "1m1h", None])
def test_what_is_no_duration_is_refused(text: object):
    with pytest.raises(ValidationError, match="duration such as 30m"):
        duration.validate_python(text)


def test_sizes_are_bytes():
    assert size.validate_python("140GiB") == 140 * 2**30
    with pytest.raises(ValidationError, match="140GiB"):
        size.validate_python("140GB")


@pytest.mark.parametrize(
    "text",
    [
        "inference:v1.0.0",
        "ghcr.io:443/a/b:2024-01-15",
        f"inference@sha256:{'0' * 64}",
        "a:v1@sha256:" + "a" * 64,
    ],
)
def test_pinned_images_pass(text: str):
    assert image.validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["inference", "inference:v1", "inference:latest", "host:5000/inference", "a:1.2", "a@sha256:12"]
)
def test_moving_images_are_refused(text: str):
    with pytest.raises(ValidationError, match=r"pin a full version|64 hexadecimal"):
        image.validate_python(text)


def test_a_network_has_no_host_bits():
    with pytest.raises(ValidationError, match=r"10\.16\.0\.0/16"):
        cidr.validate_python("10.16.0.1/16")
