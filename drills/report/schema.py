"""The JSON document of a drill with traffic, as docs/drill-report.schema.json publishes it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from drills.traffic.promises import Source


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromiseDocument(_Part):
    """A promise and what became of it; one that the run did not put to the test has no verdict."""

    name: str
    budget_s: float = Field(ge=0, description="What is promised, in seconds.")
    measured_s: float | None = Field(
        ge=0, description="Null where it did not come true at all, or was not put to the test."
    )
    source: Source | None = Field(
        description="Whose seconds: real programs', those of what stands for a part of the cloud, or both."
    )
    kept: bool | None = Field(description="Null where it was not put to the test.")
    tested_by: list[str] | None = Field(
        default=None, description="The drills that do, where this one does not put it to the test."
    )
    floor_s: float | None = Field(
        default=None,
        ge=0,
        description="What the deployed health check and TTL allow at best; beside failovers between regions.",
    )


class InvariantDocument(_Part):
    """What must hold in every drill."""

    name: str
    held: bool


class EventDocument(_Part):
    """Something that happened."""

    t_s: float = Field(description="Seconds since the fault; negative before it.")
    what: str


class RunDocument(_Part):
    """One holding of the drill."""

    drill: str | None = Field(default=None, description="Which drill it was; in a soak.")
    seed: int | None = Field(default=None, description="What holds it again; in a soak.")
    promises: list[PromiseDocument]
    invariants: list[InvariantDocument]
    events: list[EventDocument]


class Document(_Part):
    """The result of `standfast drill run` with traffic, and of `standfast drill soak`."""

    drill: str
    seed: int = Field(description="Of the first run; each further one has the next.")
    runs: list[RunDocument] = Field(min_length=1)
