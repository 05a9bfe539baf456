"""One rule a file: the module's ``RULE``, whose id is the file's name with dashes."""

from __future__ import annotations

import importlib
import pkgutil

from ..model import ResourceRule, StackRule


def all_rules() -> list[ResourceRule | StackRule]:
    """Every rule, by id."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}").RULE for name in names]
