"""`make bench`: measures on this machine and writes docs/benchmarks.md."""

from __future__ import annotations

from bench import checks, copies, demo, drills, previews, scheduling, zone_capacity
from bench.sections import write, write_head


def main() -> None:
    """Measure everything, then write the page."""
    chosen = demo.arguments("python -m bench", __doc__).parse_args()
    try:
        figures = demo.measure(first=not chosen.skip_first)
        others = [name for name in figures.second["regions"] if name != figures.primary]
        seen = previews.measure([figures.primary, *others])
        with_clients = drills.measure(list(drills.SECTIONS))
    finally:
        demo.down()
    write_head(figures.markdown())
    write(previews.TITLE, previews.section(seen))
    write(checks.TITLE, checks.section(checks.measure()))
    for title, text in with_clients.items():
        write(title, text)
    copies.main()
    zone_capacity.main()
    scheduling.main()


if __name__ == "__main__":
    main()
