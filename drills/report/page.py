"""The page: the verdict first, then what it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from drills.report.figure import figure, numbered
from drills.traffic.measure import bad_seconds, latencies
from drills.traffic.result import (
    RunResult,
    TrafficReport,
    by_others,
    held,
    seconds,
    summaries,
    untested,
)

_NOTES = (
    "Measured seconds are those of real programs; modelled ones come from what stands for a part of the "
    "cloud (Route 53's checkers and name servers, the replication of S3); mixed ones have parts of both. The "
    "floor is what the deployed health check and TTL allow at best: interval by failures, and the TTL. A "
    "client counts as served from the first moment after which in every second that follows at least 99 % of "
    "the requests that begin in it succeed."
)


def write(report: TrafficReport, folder: Path) -> Path:
    """Write the page and the JSON document into the folder; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.document(), indent=2) + "\n"
    (folder / f"{report.drill}.json").write_text(text, encoding="utf-8")
    path = folder / f"{report.drill}.html"
    path.write_text(page(report), encoding="utf-8")
    return path


def page(report: TrafficReport) -> str:
    """The whole page as text, with its data, its style and plotly.js in it."""
    # plotly stands beside the sandbox, and only a report needs it.
    from plotly.offline import get_plotlyjs  # noqa: PLC0415

    # The runs that show most are open; a chart is drawn when its run is.
    opened = max(report.runs, key=_weight)
    count = len(report.runs)
    parts = {
        "title": escape(report.drill if report.mixed else f"{report.drill} in {report.region}"),
        "verdict": str(report.verdict),
        "subtitle": escape(f"{count} run{'s' if count > 1 else ''}, seed {report.seed}"),
        "promises": "".join(_promise_rows(report)),
        "reasons": _reasons(report),
        "invariants": "".join(_invariant_rows(report)),
        "notes": "</p><p class=soft>".join(escape(note) for note in _notes(report)),
        "runs": "".join(_run(report, number, run is opened) for number, run in enumerate(report.runs)),
        "document": _embedded(report.document()),
        "figures": _embedded([figure(run.evidence) for run in report.runs]),
        "plotly": get_plotlyjs(),
    }
    template = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    # What is put in may itself hold such marks: each is looked for in the template alone.
    pieces = template.split("{{ ")
    return pieces[0] + "".join(_filled(piece, parts) for piece in pieces[1:])


def _notes(report: TrafficReport) -> Iterable[str]:
    yield _NOTES
    yield from report.remarks


def _filled(piece: str, parts: dict[str, str]) -> str:
    name, _, rest = piece.partition(" }}")
    return parts[name] + rest


def _embedded(data: Any) -> str:
    """JSON that ends no script element, whatever is in it."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _weight(run: RunResult) -> tuple[int, float]:
    """How much a run has to show: what is broken, then what came nearest to its budget."""
    shares = [
        float("inf") if p.measured_s is None else p.measured_s / (p.budget_s or 1.0) for p in run.promises
    ]
    return len(run.reasons), max(shares, default=0.0)


def _promise_rows(report: TrafficReport) -> Iterable[str]:
    for row in summaries(report.runs):
        promise = row.promise
        verdict = "kept" if row.kept == row.runs else "broken"
        numbers = (
            seconds(row.worst_s),
            seconds(row.median_s),
            f"{promise.budget_s:g} s",
            "" if promise.floor_s is None else f"{promise.floor_s:g} s",
        )
        yield (
            f"<tr><td>{escape(promise.name.replace('-', ' '))}</td><td class={verdict}>{verdict}</td>"
            + "".join(f"<td class=number>{number}</td>" for number in numbers)
            + f"<td>{promise.source}</td><td class=number>{row.kept} of {row.runs}</td></tr>"
        )
    for pledge in untested(report.runs):
        yield (
            f"<tr class=soft><td>{escape(pledge.name.replace('-', ' '))}</td><td>not tested</td>"
            f"<td></td><td></td><td class=number>{pledge.budget_s:g} s</td><td></td>"
            f"<td colspan=2>{escape(by_others(pledge))}</td></tr>"
        )


def _reasons(report: TrafficReport) -> str:
    if not report.reasons:
        return ""
    items = "".join(f"<li>{escape(reason)}</li>" for reason in report.reasons)
    return f'<ul id="reasons" class=broken>{items}</ul>'


def _invariant_rows(report: TrafficReport) -> Iterable[str]:
    for name, (runs, of) in held(report.runs).items():
        verdict = "kept" if runs == of else "broken"
        word = "held" if runs == of else f"held in {runs} of {of}"
        yield f"<tr><td>{escape(name.replace('-', ' '))}</td><td class={verdict}>{word}</td></tr>"


def _run(report: TrafficReport, number: int, opened: bool) -> str:
    run = report.runs[number]
    evidence = run.evidence
    verdict = "broken" if run.reasons else "kept"
    bad = bad_seconds(evidence.requests, evidence.fault, evidence.ended)
    events = "".join(
        f"<tr><td class=number>{place}</td><td class=number>{event.t - evidence.fault:.1f} s</td>"
        f"<td>{escape(event.kind)}</td><td>{escape(event.what)}</td></tr>"
        for place, event in numbered(evidence.events)
    )
    served = "".join(
        f"<tr><td>{escape(region)}</td><td class=number>{latency.count}</td>"
        + "".join(
            f"<td class=number>{value * 1000:.0f} ms</td>"
            for value in (latency.p50, latency.p99, latency.worst)
        )
        + "</tr>"
        for region, latency in latencies(evidence.requests).items()
    )
    return (
        f"<details class=run data-number={number}{' open' if opened else ''}>"
        f"<summary>{escape(report.title(run))}: <span class={verdict}>{verdict}</span> "
        f"<span class=soft>{len(evidence.requests)} requests, {bad} seconds below 99 %</span></summary>"
        f'<div class=chart id="chart-{number}"></div>'
        "<div class=wide><table><thead><tr><th class=number>#</th><th class=number>after</th><th>kind</th>"
        f"<th>what happened</th></tr></thead><tbody>{events}</tbody></table></div>"
        "<div class=wide><table><thead><tr><th>answered by</th><th class=number>requests</th>"
        "<th class=number>median</th><th class=number>99 %</th><th class=number>slowest</th></tr></thead>"
        f"<tbody>{served}</tbody></table></div></details>"
    )
