"""The verdict over all regions, and the exit code that says it to a pipeline. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from config.budgets.sheet import Sheet
from config.problems import Problem


class Code(IntEnum):
    """What `ci preview` ends with. Where several hold, the worst counts: see `worst`."""

    NOTHING = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3

    @property
    def word(self) -> str:
        return {
            Code.NOTHING: "nothing to do",
            Code.ERROR: "error",
            Code.CHANGES: "changes",
            Code.REFUSED: "refused",
        }[self]


_RANK = (Code.ERROR, Code.REFUSED, Code.CHANGES, Code.NOTHING)


def worst(codes: Iterable[Code]) -> Code:
    """The code for all of them: an error is worse than a refusal (what was not seen may be refused too), that
    is worse than changes, and those than nothing.
    """
    return min(codes, key=_RANK.index, default=Code.NOTHING)


class Action(StrEnum):
    """What becomes of a resource. In the order in which they are read: what destroys comes first."""

    REPLACE = "replace"
    DELETE = "delete"
    UPDATE = "update"
    CREATE = "create"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource: `paths` are the properties that differ, `forcing` those that ask for a replacement.

    `holds` says what data is lost with it and is empty when it holds none. `refused` says that the engine
    does not do it, since the resource is protected. Values are never kept: they may be secret.
    """

    urn: str
    type: str
    name: str
    action: Action
    paths: tuple[str, ...] = ()
    forcing: tuple[str, ...] = ()
    holds: str = ""
    refused: bool = False

    @property
    def loses_data(self) -> bool:
        return bool(self.holds) and self.action in {Action.REPLACE, Action.DELETE}


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those that lose data first, then by action, then by name."""
    ranks = list(Action)
    return tuple(sorted(changes, key=lambda c: (not c.loses_data, ranks.index(c.action), c.type, c.name)))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a policy says of a resource; `urn` is empty when it speaks of the stack as a whole."""

    policy: str
    mandatory: bool
    severity: str
    message: str
    urn: str = ""

    @property
    def resource(self) -> str:
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class RegionVerdict:
    """One region. `error` says why it could not be previewed to its end; `new` that it was never brought up.

    `drift` is what became of its resources since the last update, `unjoined` the peers that are up and that
    it has not joined.
    """

    region: str
    new: bool = False
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    drift: tuple[Change, ...] = ()
    unjoined: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0

    def of(self, action: Action) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action is action)

    @property
    def lost(self) -> tuple[Change, ...]:
        """The changes with which data would be lost."""
        return tuple(change for change in self.changes if change.loses_data)

    @property
    def code(self) -> Code:
        return worst(self._codes())

    def _codes(self) -> Iterable[Code]:
        if self.error:
            yield Code.ERROR
        if any(f.mandatory for f in self.findings) or any(c.refused for c in self.changes):
            yield Code.REFUSED
        if self.changes or self.drift or self.unjoined:
            yield Code.CHANGES


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All of it. With `problems` no region was previewed: the program refuses such a configuration.

    `broken` are those of the problems that a budget names.
    """

    target: str
    regions: tuple[RegionVerdict, ...] = ()
    budgets: Sheet | None = None
    problems: tuple[Problem, ...] = ()
    broken: frozenset[Problem] = frozenset()

    @property
    def code(self) -> Code:
        return worst(self._codes())

    def _codes(self) -> Iterable[Code]:
        if any(problem not in self.broken for problem in self.problems):
            yield Code.ERROR
        if self.problems or (self.budgets is not None and not self.budgets.holds):
            yield Code.REFUSED
        yield from (region.code for region in self.regions)

    @property
    def lost(self) -> tuple[tuple[str, Change], ...]:
        """Regions and changes with which data would be lost: what a reader is told first."""
        return tuple((region.region, change) for region in self.regions for change in region.lost)

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        return f"{self.code.word}: {'; '.join(self._parts())}"

    def _parts(self) -> list[str]:
        if self.problems:
            return [f"{len(self.problems)} faults in the configuration, nothing was previewed"]
        counts = [
            (len(self.lost), "of what holds data to be replaced or deleted"),
            (sum(bool(r.error) for r in self.regions), "regions could not be previewed"),
            (sum(f.mandatory for r in self.regions for f in r.findings), "mandatory findings"),
            (sum(len(r.changes) for r in self.regions), "changes"),
            (sum(len(r.drift) for r in self.regions), "resources changed outside"),
        ]
        said = [f"{count} {what}" for count, what in counts if count]
        if self.budgets is not None and not self.budgets.holds:
            said.append("a budget is broken")
        return said or ["every region is as the program says"]
