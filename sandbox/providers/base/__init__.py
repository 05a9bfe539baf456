"""What every provider of the sandbox is built on: subclass `Provider`, hand it to `run`."""

from __future__ import annotations

from sandbox.providers.base.diffs import Change, ChangeKind, Diff, compare, with_replacements
from sandbox.providers.base.errors import InitFailedError, ProviderError
from sandbox.providers.base.model import Call, Checked, Created, Failure, Live, Provider, State, as_bool
from sandbox.providers.base.serve import Served, run, serve
from sandbox.providers.base.values import (
    UNKNOWN,
    Path,
    Properties,
    Secret,
    format_path,
    has_secret,
    has_unknown,
    mark_secrets,
    plain,
    unknown_paths,
)

__all__ = [
    "UNKNOWN",
    "Call",
    "Change",
    "ChangeKind",
    "Checked",
    "Created",
    "Diff",
    "Failure",
    "InitFailedError",
    "Live",
    "Path",
    "Properties",
    "Provider",
    "ProviderError",
    "Secret",
    "Served",
    "State",
    "as_bool",
    "compare",
    "format_path",
    "has_secret",
    "has_unknown",
    "mark_secrets",
    "plain",
    "run",
    "serve",
    "unknown_paths",
    "with_replacements",
]
