"""The rules as a page of the documentation: `python -m policy.promises.table > docs/policies.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .model import ResourceRule, StackRule
from .rules import all_rules

_HEAD = """# Policies

Rules that the policy pack checks before anything is created or changed. It reads what the engine is about
to make, not the program, and imports nothing of it.

    pulumi preview --policy-pack policy
    pulumi up --policy-pack policy

A preview shows every finding; an update stops at the first. What a preview of a new region cannot know yet
(an id, a document that is made from one) is judged during the update. The platform's promises (RPO, regions
and their failover targets) are read from the stack's own configuration.

`make security` runs the tests of these rules (each refuses the mistakes that it is meant for, and lets
harmless edits pass), then checkov and kube-score over the same resources.

A rule is one file under `policy/promises/rules/`, named by its id: a `ResourceRule` looks at one resource,
a `StackRule` at what resources are to each other. Its test is a line in `tests/policy/changes/`; this page
is written by `python -m policy.promises.table > docs/policies.md`.
"""


def document(rules: Iterable[ResourceRule | StackRule]) -> str:
    """The page, in Markdown."""
    rules = sorted(rules, key=lambda rule: rule.id)
    parts = [_HEAD, "| rule | severity | looks at | what must hold |\n|---|---|---|---|"]
    for rule in rules:
        level = f"{rule.severity}, advisory" if rule.advisory else str(rule.severity)
        scope = "stack" if isinstance(rule, StackRule) else "resource"
        parts.append(f"| [{rule.id}](#{rule.id}) | {level} | {scope} | {rule.title} |")
    parts.append("")
    for rule in rules:
        parts.append(f"## {rule.id}\n\n{rule.title}.\n\nWhy: {rule.reason}\n\nWhat to do: {rule.remedy}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(document(all_rules()))
