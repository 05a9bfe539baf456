"""Sections of docs/benchmarks.md that are measured by themselves."""

from __future__ import annotations

import re
from pathlib import Path


def with_section(page: str, title: str, text: str) -> str:
    """``page`` with the section ``title`` holding ``text``; the other sections stay as they are."""
    section = f"## {title}\n\n{text.strip()}\n"
    known = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if known.search(page):
        return known.sub(lambda found: section + ("\n" if found.end() < len(page) else ""), page, count=1)
    return f"{page.rstrip()}\n\n{section}" if page.strip() else f"# Benchmarks\n\n{section}"


def write(page: Path, title: str, text: str) -> None:
    """Writes the section into the file, which is made when there is none."""
    known = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(with_section(known, title, text), encoding="utf-8")


def with_head(page: str, head: str) -> str:
    """``page`` with ``head`` before its first section."""
    first = re.search(r"^## ", page, re.MULTILINE)
    return head.rstrip() + "\n" + (f"\n{page[first.start() :]}" if first else "")


def write_head(page: Path, head: str) -> None:
    """Writes the head into the file; its sections stay as they are."""
    known = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(with_head(known, head), encoding="utf-8")
