"""The components' source, as a test of conventions reads it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
COMPONENTS = ROOT / "components"


@dataclass(frozen=True)
class ComponentSource:
    """One subclass of ComponentResource."""

    path: Path
    node: ast.ClassDef

    @property
    def where(self) -> str:
        """For messages: file, line and class."""
        return f"{self.path.relative_to(ROOT)}:{self.node.lineno} {self.node.name}"

    @property
    def module(self) -> str:
        """The component's folder, which is the middle of its type token."""
        return self.path.relative_to(COMPONENTS).parts[0]

    @property
    def constructor(self) -> ast.FunctionDef:
        """Its ``__init__``."""
        (found,) = [
            item for item in self.node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"
        ]
        return found

    @property
    def super_call(self) -> ast.Call:
        """Its call of ``super().__init__``."""
        (found,) = [call for call in calls(self.constructor) if _is_super_init(call)]
        return found

    def type_token(self) -> object:
        """The type token, None when it is not a literal."""
        first = self.super_call.args[0]
        return first.value if isinstance(first, ast.Constant) else None


def calls(tree: ast.AST) -> list[ast.Call]:
    """Every call below ``tree``."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called_name(call: ast.Call) -> str:
    """The last part of what is called: ``Bucket`` for ``s3.Bucket(...)``."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_super_init(call: ast.Call) -> bool:
    func = call.func
    return (
        isinstance(func, ast.Attribute)
        and func.attr == "__init__"
        and isinstance(func.value, ast.Call)
        and called_name(func.value) == "super"
    )


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every file of every component, parsed."""
    for path in sorted(COMPONENTS.rglob("*.py")):
        yield path, ast.parse(path.read_text(), str(path))


def component_sources() -> list[ComponentSource]:
    """Every component class."""
    return [
        ComponentSource(path, node)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(
            (isinstance(base, ast.Attribute) and base.attr == "ComponentResource")
            or (isinstance(base, ast.Name) and base.id == "ComponentResource")
            for base in node.bases
        )
    ]


def imported(tree: ast.Module) -> set[str]:
    """Names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
