"""The provider's own configuration: what it may say, and what it becomes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.base import UNKNOWN, Failure, Properties, as_bool
from sandbox.providers.gcp.errors import ConfigError

# Whose quota, which identity, which location: none of it means anything at a server without accounts.
IGNORED = (
    "billingProject",
    "impersonateServiceAccount",
    "region",
    "universeDomain",
    "userProjectOverride",
    "zone",
)
KNOWN = ("addPulumiAttributionLabel", "defaultLabels", "project", *IGNORED)
# https://cloud.google.com/resource-manager/docs/creating-managing-projects
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ATTRIBUTION = {"goog-pulumi-provisioned": "true"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A provider resource's configuration."""

    project: str
    default_labels: dict[str, str] = field(default_factory=dict[str, str])
    attribution: dict[str, str] = field(default_factory=dict[str, str])


def setting_faults(config: Properties) -> list[Failure]:
    """A failure for each key that is not known, and for a project id that cannot be."""
    found = [
        Failure(
            property=key,
            reason=f"the sandbox's gcp provider knows no setting {key}; it knows {', '.join(KNOWN)}",
        )
        for key in config
        if key not in KNOWN
    ]
    project = config.get("project")
    if project is not UNKNOWN and not (isinstance(project, str) and _PROJECT.fullmatch(project)):
        reason = f"{project!r} is no project id: 6 to 30 lower-case letters, digits and hyphens"
        found.append(Failure(property="project", reason=reason))
    return found


def parse(config: Properties) -> Settings:
    """Settings from the engine's values, which the SDK writes as JSON text unless they are text themselves.

    Raises ConfigError naming the key.
    """
    for failure in setting_faults(config):
        raise ConfigError(f"provider setting {failure.property}: {failure.reason}")
    labels = _loaded(config.get("defaultLabels", {}))
    if not isinstance(labels, dict):
        raise ConfigError(f"provider setting defaultLabels: {labels!r} is not an object")
    attributed = as_bool(config.get("addPulumiAttributionLabel", True), key="addPulumiAttributionLabel")
    return Settings(
        project=str(config["project"]),
        default_labels={str(key): str(value) for key, value in labels.items()},
        attribution=dict(_ATTRIBUTION) if attributed else {},
    )


def _loaded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ConfigError(f"provider setting defaultLabels: {value!r} is not JSON: {error}") from error
