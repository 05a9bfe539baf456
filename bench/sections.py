"""docs/benchmarks.md: a head, and sections that are measured by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable

from automation.commands.common import tell
from automation.targets import checkout


def with_section(page: str, title: str, text: str) -> str:
    """``page`` with the section ``title`` holding ``text``; the other sections stay as they are."""
    section = f"## {title}\n\n{text.strip()}\n"
    known = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if known.search(page):
        return known.sub(lambda found: section + ("\n" if found.end() < len(page) else ""), page, count=1)
    return f"{page.rstrip()}\n\n{section}" if page.strip() else f"# Benchmarks\n\n{section}"


def write(title: str, text: str) -> None:
    """Writes the section into docs/benchmarks.md, and says so."""
    _write(lambda page: with_section(page, title, text), f"section {title}")


def with_head(page: str, head: str) -> str:
    """``page`` with ``head`` before its first section."""
    first = re.search(r"^## ", page, re.MULTILINE)
    return head.rstrip() + "\n" + (f"\n{page[first.start() :]}" if first else "")


def write_head(head: str) -> None:
    """Writes the head of docs/benchmarks.md, and says so; the sections stay as they are."""
    _write(lambda page: with_head(page, head), "its head")


def _write(change: Callable[[str], str], what: str) -> None:
    """The file is made when there is none."""
    file = checkout() / "docs" / "benchmarks.md"
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(change(known), encoding="utf-8")
    tell(f"written: {file}, {what}")
