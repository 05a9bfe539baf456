"""The one error that the sandbox shows to a person."""

from __future__ import annotations


class SandboxError(Exception):
    """Something the sandbox needs is missing or broken: one line with what, where, and what to do."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        parts = [what.rstrip(".")]
        if where:
            parts.append(f"see {where}")
        if remedy:
            parts.append(remedy.rstrip("."))
        super().__init__("; ".join(parts))
