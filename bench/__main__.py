"""`make bench`: measures on this machine and writes docs/benchmarks.md."""

from __future__ import annotations

from automation.commands.common import tell
from automation.targets import checkout
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
    page = checkout() / "docs" / "benchmarks.md"
    write_head(page, figures.markdown())
    write(page, previews.TITLE, previews.section(seen))
    write(page, checks.TITLE, checks.section(checks.measure()))
    for title, text in with_clients.items():
        write(page, title, text)
    copies.main()
    zone_capacity.main()
    scheduling.main()
    tell(f"written: {page}")


if __name__ == "__main__":
    main()
