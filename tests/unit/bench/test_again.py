"""What fails is held again, and what cannot be held loses nothing else."""

from __future__ import annotations

import pytest

from bench.again import again
from sandbox.errors import SandboxError


class Failing:
    """Fails as often as it is told to, then returns how often it was asked."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times, self.error, self.asked = times, error, 0

    def __call__(self) -> int:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return self.asked


@pytest.mark.parametrize(
    "error", [SandboxError("no answer"), EOFError(), TimeoutError(), RuntimeError("late")]
)
def test_a_fault_of_the_machine_is_held_again_and_told(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again("it", Failing(2, error), attempts=3) == 3
    assert f"it failed, attempt 2 of 3: {error!r}" in capsys.readouterr().err


def test_there_is_a_bound() -> None:
    run = Failing(9, OSError("cut"))
    assert again("it", run, attempts=3) is None
    assert run.asked == 3


def test_our_own_faults_are_not_hidden() -> None:
    run = Failing(1, KeyError("typo"))
    with pytest.raises(KeyError):
        again("it", run)
    assert run.asked == 1
