"""The HTML page and the JSON document of a drill."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from automation.targets import checkout
from drills.model import Options
from drills.report import page, write
from drills.report.figure import figure
from drills.report.schema import Document
from drills.soak import drawn, soak
from drills.traffic.promises import OF_THE_PLATFORM
from drills.traffic.result import TrafficReport
from drills.traffic.stage import Clock
from tests.drills.platform import Platform, Rules, hold, say

SCHEMA = checkout() / "docs" / "drill-report.schema.json"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# The page is opened in a frame as wide as a phone or a laptop; what is asked is where a person would look.
LOOK = """<!doctype html><body><iframe id="frame" src="{page}" width="{width}" height="900"></iframe><script>
const frame = document.getElementById("frame");
frame.addEventListener("load", () => setTimeout(() => {
  const page = frame.contentDocument;
  const box = (name) => {
    const found = page.querySelector(name);
    if (!found) return null;
    const { left, right, top, width, height } = found.getBoundingClientRect();
    return { left, right, top, width, height, text: found.textContent.slice(0, 200) };
  };
  const seen = { width: page.documentElement.scrollWidth, verdict: box("#verdict"), table: box("#promises"),
    chart: box("details[open] .main-svg"), line: box("details[open] .scatterlayer .js-line"), lines:
    page.querySelectorAll("details[open] .shapelayer path").length };
  document.body.dataset.seen = JSON.stringify(seen);
}, 1500));
</script>"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> TrafficReport:
    return hold("region-loss", Platform(tmp_path_factory.mktemp("good")), runs=2)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> TrafficReport:
    return hold("pods-unready", Platform(tmp_path_factory.mktemp("bad"), Rules(ejection_s=9.0)))


def test_the_published_schema_is_that_of_the_documents() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == Document.model_json_schema()


def test_documents_are_as_the_schema_says(good: TrafficReport, bad: TrafficReport) -> None:
    for report in (good, bad):
        found = Document.model_validate(report.document())
        assert len(found.runs) == len(report.runs)
    promise = good.document()["runs"][0]["promises"][0]
    assert set(promise) == {"name", "budget_s", "measured_s", "source", "kept", "floor_s"}
    assert set(good.document()["runs"][0]["promises"][1]) == set(promise) - {"floor_s"}
    assert set(good.document()["runs"][0]) == {"promises", "invariants", "events"}


def test_the_page_holds_the_same_document(good: TrafficReport) -> None:
    _, _, rest = page(good).partition('<script type="application/json" id="report">')
    assert json.loads(rest.partition("</script>")[0]) == good.document()


def test_the_page_asks_nobody_for_anything(good: TrafficReport) -> None:
    text = page(good)
    head = text[: text.index("<script>")]
    assert "<link" not in head
    assert "src=" not in head


def test_what_happened_is_text_and_never_markup(tmp_path: Path) -> None:
    report = hold("pods-unready", Platform(tmp_path), changes=lambda: {"</script><b>us-east": 1})
    text = page(report)
    assert "</script><b>us-east" not in text
    assert "&lt;/script&gt;&lt;b&gt;us-east" in text


def test_the_verdict_comes_first(bad: TrafficReport) -> None:
    text = page(bad)
    assert text.index('class="broken">the promise is broken') < text.index('<table id="promises">')
    assert text.index('<table id="promises">') < text.index("<details class=run")
    assert re.search(r"seed 7: pods-failing-errors-end: (8\.9|9\.\d) s against 2 s", text)


def test_what_was_not_tested_and_what_a_reader_must_know_is_said(bad: TrafficReport) -> None:
    text = page(bad)
    assert "<td>zone loss full capacity</td><td>not tested</td>" in text
    assert "by zone-loss</td>" in text
    assert "the regions are as near as two processes" in text


def test_every_promise_of_the_platform_has_a_row_whatever_the_drill(
    good: TrafficReport, bad: TrafficReport
) -> None:
    promised = {pledge.name for pledge in OF_THE_PLATFORM}
    for report in (good, bad):
        rows = report.document()["runs"][0]["promises"]
        names = [row["name"] for row in rows]
        assert promised <= set(names)
        assert len(names) == len(set(names))
        for row in rows:
            tested = row["name"] in {promise.name for promise in report.runs[0].promises}
            assert (row["kept"] is None) is not tested
            assert (row["source"] is None) is not tested


def test_the_figure_has_all_requests_and_every_event(good: TrafficReport) -> None:
    evidence = good.runs[0].evidence
    found = figure(evidence)
    answers = [trace for trace in found["data"] if trace.get("stackgroup")]
    start = evidence.fault + answers[0]["x"][0]
    assert sum(sum(trace["y"]) for trace in answers) == sum(each.t >= start for each in evidence.requests)
    failed = next(trace for trace in answers if trace["name"] == "failed")
    assert sum(failed["y"]) == sum(not request.ok for request in evidence.requests)
    assert [shape["x0"] for shape in found["layout"]["shapes"]] == [
        round(event.t - evidence.fault, 2) for event in evidence.events
    ]
    lag = next(trace for trace in found["data"] if trace["name"] == "lag of eu-west")
    assert max(lag["y"]) > 30


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine: install the package chromium")
@pytest.mark.parametrize(("width", "kind"), [(1280, "laptop"), (390, "phone")])
def test_verdict_and_chart_are_visible_in_a_browser(
    good: TrafficReport, tmp_path: Path, width: int, kind: str
) -> None:
    found = write(good, tmp_path)
    (tmp_path / "look.html").write_text(
        LOOK.replace("{page}", found.name).replace("{width}", str(width)), encoding="utf-8"
    )
    seen = looked_at(tmp_path)
    assert seen["width"] <= width, f"a {kind} scrolls sideways"
    assert seen["verdict"]["text"] == "the promise is kept"
    assert 0 <= seen["verdict"]["top"] < seen["table"]["top"] < 400
    assert "region loss" in seen["table"]["text"]
    for part in ("verdict", "chart"):
        assert seen[part]["height"] > 10
        assert 0 <= seen[part]["left"] < seen[part]["right"] <= width
    assert seen["chart"]["width"] > 0.7 * width
    assert seen["line"]["width"] > 0.5 * seen["chart"]["width"]
    assert seen["lines"] in {len(run.evidence.events) for run in good.runs}


def looked_at(folder: Path) -> dict[str, Any]:
    quiet = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
    alone = ("--disable-component-update", "--disable-sync", "--allow-file-access-from-files")
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        *quiet,
        *alone,
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=8000",
        "--window-size=1400,1000",
        "--dump-dom",
        (folder / "look.html").as_uri(),
    ]
    text = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    _, found, rest = text.partition('data-seen="')
    assert found, text[-2000:]
    return json.loads(rest.partition('"')[0].replace("&quot;", '"'))


def test_a_soak_is_reproducible_from_the_seed_of_any_of_its_runs(tmp_path: Path) -> None:
    def held(folder: str, seed: int, runs: int) -> TrafficReport:
        platform = Platform(tmp_path / folder)
        clock = Clock(lambda: platform.time.now, platform.time.sleep)
        return soak(platform, Options("us-east", rate=5.0, seed=seed, runs=runs), say, clock)

    both, again = held("both", 20, 2), held("again", 21, 1)
    assert [run.seed for run in both.runs] == [20, 21]
    assert both.runs[1].drill == again.runs[0].drill
    assert both.runs[1].evidence.zone == again.runs[0].evidence.zone
    document = Document.model_validate(both.document())
    assert [(run.drill, run.seed) for run in document.runs] == [
        (drawn(Platform(tmp_path), seed)[0], seed) for seed in (20, 21)
    ]
    assert "seed 20" in page(both)
