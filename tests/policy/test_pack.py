"""The pack by itself: what it may know, what every rule says of itself, and that its list is documented."""

from __future__ import annotations

import ast
import sys

import pytest

from policy.promises.model import StackRule
from policy.promises.table import document
from tests.policy.stacks import PEERS, RULES, joined
from tests.unit.conventions.source import ROOT

PACK = ROOT / "policy"
FILES = sorted(PACK.rglob("*.py"))
RULE_FILES = sorted((PACK / "promises" / "rules").glob("[a-z]*.py"))
ALLOWED = {*sys.stdlib_module_names, "google", "promises", "pulumi", "pulumi_policy"}


def imported(path: str) -> set[str]:
    """The top-level names of what a file imports; relative imports stay in the pack."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    return names


def test_the_pack_imports_nothing_of_the_program() -> None:
    assert len(FILES) > 40
    assert {str(file): imported(file.read_text()) - ALLOWED for file in FILES} == {
        str(file): set[str]() for file in FILES
    }


def test_one_rule_a_file_named_by_its_id() -> None:
    assert [file.stem.replace("_", "-") for file in RULE_FILES] == sorted(RULES)


def test_every_rule_names_its_source() -> None:
    for file in RULE_FILES:
        assert "https://" in (ast.get_docstring(ast.parse(file.read_text())) or ""), file.name


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_why_and_what_to_do(rule: StackRule) -> None:
    assert len(rule.reason) > 30
    assert len(rule.remedy) > 20
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")


def test_only_what_is_advised_warns() -> None:
    advised = [rule for rule in RULES.values() if rule.advisory]
    assert [rule.id for rule in advised] == ["images-by-digest"]
    for region in PEERS:
        assert list(advised[0].findings(joined(region)))


def test_the_list_of_rules_is_documented() -> None:
    assert (ROOT / "docs" / "policies.md").read_text() == document(RULES.values()), (
        "python -m policy.promises.table > docs/policies.md"
    )
