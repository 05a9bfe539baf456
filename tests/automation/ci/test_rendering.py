"""The comment and the terminal say what the verdict says, whatever stands in it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from automation.ci.markdown import MOST, markdown
from automation.ci.terminal import renderables
from automation.ci.verdict import Action, Change, Finding, RegionVerdict, Verdict
from automation.commands.budget_tables import tables
from automation.project import budgets, platform
from automation.targets import checkout
from config.problems import Problem

SHEET = budgets(checkout(), platform(checkout()))
BUCKET = Change(
    urn="urn",
    type="aws:s3/bucket:Bucket",
    name="models",
    action=Action.REPLACE,
    forcing=("bucket",),
    holds="the objects in it",
    refused=True,
)
VPC = Change(
    urn="urn", type="aws:ec2/vpc:Vpc", name="vpc", action=Action.UPDATE, paths=("tags", "a", "b", "c", "d")
)
RULE = Finding(
    policy="imdsv2", mandatory=True, severity="high", message="hops | 2\nWhat to do: 1", urn="a::node"
)


def verdict(**more: Any) -> Verdict:
    region = RegionVerdict(region="us-east", changes=(BUCKET, VPC), findings=(RULE,), drift=(VPC,), **more)
    return Verdict(target="cloud", regions=(region,), budgets=SHEET)


def shown(of: Verdict) -> str:
    out = io.StringIO()
    console = Console(file=out, width=160)
    for renderable in renderables(of, tables(SHEET)):
        console.print(renderable)
    return out.getvalue()


def rows(text: str) -> list[list[str]]:
    return [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_lost_data_is_the_first_thing_a_person_reads() -> None:
    comment, terminal = markdown(verdict(), tables(SHEET)), shown(verdict())
    assert comment.startswith("## ⛔ refused: 1 of what holds data to be replaced or deleted")
    for text in (comment, terminal):
        lost = text.index("the objects in it; it is protected, and the engine refuses")
        assert all(lost < text.index(later) for later in ("imdsv2", "aws:ec2/vpc:Vpc", "RTO 30m"))
    assert terminal.splitlines()[0].strip() == "DATA WOULD BE LOST"
    assert terminal.splitlines()[-1].startswith("refused: ")


def test_a_comments_tables_have_a_cell_for_each_column() -> None:
    text = markdown(verdict(), tables(SHEET))
    widths = [len(row) for row in rows(text.replace("\\|", "/"))]
    heads = [number for number, line in enumerate(text.splitlines()) if line.startswith("| ---")]
    assert len(heads) >= 9
    lines = text.replace("\\|", "/").splitlines()
    for head in heads:
        for line in lines[head + 1 :]:
            if not line.startswith("| "):
                break
            assert line.count(" | ") == lines[head].count(" | "), line
    assert min(widths) >= 3
    assert "| imdsv2 | mandatory, high | node | hops \\| 2<br>What to do: 1 |" in text
    assert "| update | aws:ec2/vpc:Vpc | vpc | tags, a, b, c and 1 more |" in text


def test_long_lists_are_folded_and_short_ones_are_open() -> None:
    few = markdown(verdict(), ())
    assert "<details open><summary>Changes (2)</summary>" in few
    many = RegionVerdict(
        region="us-east", changes=tuple(replace(VPC, name=f"v{n}") for n in range(40)), new=True
    )
    text = markdown(Verdict(target="cloud", regions=(many,), budgets=SHEET), tables(SHEET))
    assert "<details><summary>Changes (40)</summary>" in text
    assert "<details><summary>Budgets hold</summary>" in text
    assert "us-east has never been brought up" in text
    assert text.count("<details") == text.count("</details>")
    terminal = shown(Verdict(target="cloud", regions=(many,), budgets=SHEET))
    assert "and 10 more" in terminal
    assert " v39 " not in terminal


def test_a_comment_is_cut_between_blocks_to_what_github_takes() -> None:
    huge = tuple(
        RegionVerdict(region=f"r{n}", changes=tuple(replace(VPC, name="v" * 200) for _ in range(60)))
        for n in range(24)
    )
    text = markdown(Verdict(target="cloud", regions=huge, budgets=SHEET), tables(SHEET))
    assert len(text) <= MOST
    assert text.count("<details") == text.count("</details>")
    assert "The rest is cut" in text
    # What was refused is there before the cut: the overview of all regions.
    assert "| r23 |" in text


def test_faults_of_the_configuration_are_shown_with_the_budgets() -> None:
    problem = Problem("standfast:platform.objectives.rto", "'1m'", "is [over]")
    refused = Verdict(target="cloud", problems=(problem,), broken=frozenset({problem}), budgets=SHEET)
    assert "is [over]" in shown(refused)
    assert "| standfast:platform.objectives.rto | '1m' | is [over] |" in markdown(refused, ())


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_of_the_engine_breaks_out_of_its_place(message: str, error: str) -> None:
    odd = Verdict(
        target="cloud",
        regions=(RegionVerdict(region="r", findings=(replace(RULE, message=message),), error=f"x{error}"),),
    )
    text = markdown(odd, ())
    assert text.count("<details") == text.count("</details>") == 1
    assert text.count("```") == 2
    [row] = [line for line in text.splitlines() if line.startswith("| imdsv2 ")]
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 5
    assert "x" in shown(odd)
