"""What the table is made of: `Entry`, one for each resource type, and `Step`, what an entry's functions
work with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.base.table import entry as base
from sandbox.providers.base.table.fields import Field, text
from sandbox.providers.gcp.api import Session


@dataclass(kw_only=True)
class Step(base.Step[Session]):
    """One operation on one resource."""

    @property
    def project(self) -> str:
        """The resource's project, or the provider's."""
        return str(self.wish.get("project") or self.session.project)

    @property
    def default_tags(self) -> Mapping[str, str]:
        """The provider's labels, and the one that says that Pulumi made the resource."""
        return {**self.session.attribution, **self.session.default_labels}

    def call(self, method: str, body: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """A call of one of Google's APIs. Raises GoogleError."""
        return self.session.api.call(method, body, **params)


@dataclass(frozen=True, kw_only=True)
class Entry(base.Entry[Step]):
    """One resource type."""

    tags: str = "labels"
    all_tags: str = "effectiveLabels"


def project_field() -> Field:
    """The `project` that every resource may name for itself."""
    return text(api=None, computed=True, replace=True)
