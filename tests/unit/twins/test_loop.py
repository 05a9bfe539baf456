from __future__ import annotations

import logging
import threading

import pytest

from sandbox.twins.loop import Repeater


def test_trouble_is_survived_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stopped = threading.Event()
    stopped.set()  # so that pauses end at once
    repeater = Repeater("twin", stopped)

    def refuse() -> None:
        raise ConnectionRefusedError("nobody there")

    assert [repeater.attempt(refuse) for _ in range(3)] == [False, False, False]
    assert repeater.attempt(lambda: None)
    assert [record.getMessage() for record in caplog.records] == [
        "twin: ConnectionRefusedError: nobody there; trying again",
        "twin: well again",
    ]


def test_a_defect_is_no_hiccup() -> None:
    def defect() -> None:
        raise AttributeError("mistake")

    with pytest.raises(AttributeError):
        Repeater("twin", threading.Event()).attempt(defect)
