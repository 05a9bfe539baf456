"""How the figures of previews are measured and shown."""

from __future__ import annotations

from bench.previews import Pairs, Previews, paired, section


def test_pairs_change_their_order_and_one_run_of_each_does_not_count() -> None:
    done: list[str] = []
    found = paired(lambda: done.append("one"), lambda: done.append("other"), pairs=2)
    assert done == ["one", "other", "one", "other", "other", "one"]
    assert (len(found.one), len(found.other)) == (2, 2)


def test_a_ratio_is_of_a_pair_and_not_of_all() -> None:
    # The machine was slow once: both of that pair were.
    assert Pairs((1.0, 30.0, 1.2), (2.0, 60.0, 2.0)).ratio == 0.5


def test_the_section_shows_both_ways_and_the_aim() -> None:
    judged, together = Pairs((9.0,), (7.5,)), Pairs((12.0,), (18.0,))
    text = section(Previews("us-east", 2, judged, together))
    assert "| with over without | at most 1.5 | 1.20 |" in text
    assert "| 2 regions side by side |  | 12.0 s |" in text
    assert "| side by side over one after the other |  | 0.67 |" in text
