"""What the engine gives to a policy pack's analyzer, and what is passed on."""

from __future__ import annotations

import argparse

from sandbox.shims.analyzer import arguments

GIVEN = ["127.0.0.1:4000", ".", "-toolchain=uv", "-virtualenv=../.venv"]


def test_the_packs_runtime_options_stay_behind() -> None:
    assert arguments(GIVEN) == ["127.0.0.1:4000", "."]
    assert arguments([*GIVEN, "--logtostderr", "-v=3"]) == ["127.0.0.1:4000", ".", "--logtostderr", "-v=3"]


def test_the_sdks_runner_understands_what_is_left() -> None:
    # As pulumi.policy reads them: with `-virtualenv` among them it takes -v for its own, and ends.
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("engineAddress")
    parser.add_argument("program")
    parser.add_argument("-v", "--verbose", type=int, default=0)
    assert parser.parse_known_args(arguments(GIVEN))[1] == []
