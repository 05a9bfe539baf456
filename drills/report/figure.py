"""What a run looked like over time, as a figure that plotly.js draws: pure. Seconds count from the fault."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from drills.traffic.measure import Event, Evidence, lag_at, percentile

_SHADES = (
    ("#1f6fb2", "#5a9bd4", "#9cc4e8"),
    ("#c2620a", "#e08a3c", "#f2b880"),
    ("#6a4fb3", "#9580d1", "#c2b4ea"),
    ("#2f8f6b", "#63b598", "#a3d6c4"),
)
_UNKNOWN = ("#888888",)
_FAILED = "#d1242f"
_KINDS = {"fault": _FAILED, "healed": "#1a7f37", "recovered": "#1a7f37", "readmitted": "#1a7f37"}
_OTHER_KIND = "#8250df"

# From the bottom to the top; what lies between them is for titles.
_ROWS = {"y": (0.79, 1.0), "y2": (0.56, 0.72), "y3": (0.29, 0.49), "y4": (0.0, 0.22)}
_LATENCY_TICKS = [digit * 10**power for power in range(4) for digit in (1, 3)]
_TITLES = {
    "y": "requests a second, by who answered",
    "y2": "success, %",
    "y3": "latency, ms (line: median, dots: 99 %)",
    "y4": "model versions: a bucket's lag, s",
}


def figure(evidence: Evidence) -> dict[str, Any]:
    """Data and layout for `Plotly.newPlot`."""
    seconds = range(math.floor(evidence.began - evidence.fault), math.ceil(evidence.ended - evidence.fault))
    colours = _colours(evidence)
    data = [
        *_answers(evidence, seconds, colours),
        _success(evidence, seconds),
        *_latency(evidence, seconds, colours),
        *_versions(evidence, seconds, colours),
    ]
    return {"data": data, "layout": _layout(evidence, seconds)}


def _colours(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """The shades of each region, the broken one first."""
    regions = sorted(evidence.completed, key=lambda region: (region != evidence.region, region))
    return {region: _SHADES[number % len(_SHADES)] for number, region in enumerate(regions)}


def _second(evidence: Evidence, moment: float) -> int:
    return math.floor(moment - evidence.fault)


def _answers(
    evidence: Evidence, seconds: Sequence[int], colours: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str, int]] = Counter()
    for request in evidence.requests:
        who = (request.region or "", request.zone or "") if request.ok else ("", "failed")
        counts[*who, _second(evidence, request.t)] += 1
    answered = sorted({(region, zone) for region, zone, _ in counts if zone != "failed"})
    shades = {region: cycle(colours.get(region, _UNKNOWN)) for region, _ in answered}
    traces = [
        _trace(
            f"{zone} answers",
            seconds,
            [counts[region, zone, second] for second in seconds],
            stackgroup="answers",
            line={"width": 0.5, "color": next(shades[region]), "shape": "hv"},
            mode="lines",
        )
        for region, zone in answered
    ]
    failed = [counts["", "failed", second] for second in seconds]
    line = {"width": 0.5, "color": _FAILED, "shape": "hv"}
    return [*traces, _trace("failed", seconds, failed, stackgroup="answers", mode="lines", line=line)]


def _success(evidence: Evidence, seconds: Sequence[int]) -> dict[str, Any]:
    total: Counter[int] = Counter()
    good: Counter[int] = Counter()
    for request in evidence.requests:
        second = _second(evidence, request.t)
        total[second] += 1
        good[second] += request.ok
    share = [round(100 * good[second] / total[second], 2) if total[second] else None for second in seconds]
    line = {"color": "#1a7f37", "shape": "hv", "width": 2}
    return _trace("success", seconds, share, yaxis="y2", mode="lines", line=line, showlegend=False)


def _latency(
    evidence: Evidence, seconds: Sequence[int], colours: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    by_second: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for request in evidence.requests:
        if request.ok and request.region is not None:
            by_second[request.region, _second(evidence, request.t)].append(request.latency_s)

    def milliseconds(region: str, share: float) -> list[float | None]:
        found = (percentile(by_second.get((region, second), ()), share) for second in seconds)
        return [None if value is None else round(value * 1000, 1) for value in found]

    traces: list[dict[str, Any]] = []
    for region in sorted({region for region, _ in by_second}):
        colour = colours.get(region, _UNKNOWN)[0]
        median = {"color": colour, "width": 2}
        dots = {"color": colour, "size": 3}
        traces += [
            _trace(f"{region} median", seconds, milliseconds(region, 0.5), "y3", mode="lines", line=median),
            _trace(
                f"{region} 99 %",
                seconds,
                milliseconds(region, 0.99),
                "y3",
                mode="markers",
                marker=dots,
                showlegend=False,
            ),
        ]
    return traces


def _versions(
    evidence: Evidence, seconds: Sequence[int], colours: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = []
    for region, known in evidence.completed.items():
        lags = [round(lag_at(evidence.ledger, known, evidence.fault + second), 2) for second in seconds]
        line = {"color": colours[region][0], "width": 2}
        traces.append(
            _trace(f"lag of {region}", seconds, lags, "y4", mode="lines", line=line, showlegend=False)
        )
    moments = [round(entry.acknowledged_at - evidence.fault, 2) for entry in evidence.ledger]
    marker = {"symbol": "line-ns-open", "size": 9, "color": "#57606a"}
    names = [entry.version for entry in evidence.ledger]
    published = _trace(
        "version acknowledged", moments, [0] * len(moments), "y4", mode="markers", marker=marker
    )
    return [*traces, {**published, "text": names, "hovertemplate": "%{text} at %{x} s<extra></extra>"}]


def _trace(name: str, x: Sequence[float], y: Sequence[Any], yaxis: str = "y", **style: Any) -> dict[str, Any]:
    return {"type": "scatter", "name": name, "x": list(x), "y": list(y), "yaxis": yaxis, **style}


def numbered(events: Sequence[Event]) -> list[tuple[int, Event]]:
    """The events with the numbers that they have in the figure."""
    return list(enumerate(events, start=1))


def _layout(evidence: Evidence, seconds: Sequence[int]) -> dict[str, Any]:
    grid = {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False, "fixedrange": True}
    axes: dict[str, Any] = {
        name.replace("y", "yaxis"): {**grid, "domain": list(domain), "rangemode": "tozero"}
        for name, domain in _ROWS.items()
    }
    axes["yaxis2"] |= {"range": [0, 102]}
    axes["yaxis3"] |= {"type": "log", "tickvals": _LATENCY_TICKS}
    titles = [
        _label(text, x=0, y=_ROWS[row][1] + 0.005, xref="paper", xanchor="left")
        for row, text in _TITLES.items()
    ]
    lines: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for number, event in numbered(evidence.events):
        x, colour = round(event.t - evidence.fault, 2), _KINDS.get(event.kind, _OTHER_KIND)
        dash = {"color": colour, "width": 1, "dash": "dot"}
        lines.append(
            {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": dash}
        )
        # Neighbours in time stand one above the other.
        height = 1.025 + 0.018 * (number % 3)
        labels.append(
            _label(
                str(number), x=x, y=height, xref="x", font={"size": 10, "color": colour}, hovertext=event.what
            )
        )
    return {
        "height": 960,
        "margin": {"l": 44, "r": 12, "t": 64, "b": 130},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": -0.11, "yanchor": "top", "font": {"size": 10}},
        "hovermode": "x unified",
        "xaxis": {
            **grid,
            "anchor": "y4",
            "title": {"text": "seconds since the fault", "standoff": 4},
            "range": [seconds[0], seconds[-1] + 1],
        },
        "shapes": lines,
        "annotations": [*titles, *labels],
        **axes,
    }


def _label(text: str, **where: Any) -> dict[str, Any]:
    return {
        "text": text,
        "showarrow": False,
        "yref": "paper",
        "yanchor": "bottom",
        "font": {"size": 12},
        **where,
    }
