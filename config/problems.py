"""What a user is told when a configuration cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of the configuration: where it is, what stands there, and what would be right."""

    key: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value}: {self.remedy}" if self.value else f"{self.key}: {self.remedy}"


class ConfigError(Exception):
    """The configuration was refused; ``problems`` holds every fault that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(["the configuration cannot be used:", *(f"  {p}" for p in self.problems)]))


_SHOWN_VALUE = 80


def shown(value: object) -> str:
    """The value as an error message shows it: quoted as in the file, and cut when it is long."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_VALUE else text[: _SHOWN_VALUE - 1] + "…"


def from_validation(error: ValidationError, key: str) -> list[Problem]:
    """Every fault that pydantic found below ``key``, in our form."""
    problems: list[Problem] = []
    for fault in error.errors(include_url=False):
        path = ".".join([key, *(str(part) for part in fault["loc"])])
        if fault["type"] == "extra_forbidden":
            problems.append(
                Problem(path, shown(fault["input"]), "unknown key; remove it or correct its name")
            )
        elif fault["type"] == "missing":
            problems.append(Problem(path, "", "is missing; set it"))
        else:
            problems.append(Problem(path, shown(fault["input"]), fault["msg"].removeprefix("Value error, ")))
    return problems
