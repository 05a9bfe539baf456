"""checkov and kube-score over both joined stacks: `make security`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.tools import ensure
from tests.policy.stacks import PEERS, joined
from tests.security.findings import Finding, WaiverError, judge, of_checkov, of_kube_score, waivers
from tests.security.render import write
from tests.unit.conventions.source import ROOT

WAIVERS = ROOT / "policy" / "waivers.toml"
_PATIENCE = 600.0


class ScannerError(RuntimeError):
    """A scanner that did not answer; the message says which, and what it said."""


def _answer(command: Sequence[str]) -> Any:
    """The JSON that a scanner prints, whatever it thinks of what it read."""
    env = {**os.environ, "LOG_LEVEL": "ERROR", "CHECKOV_RENDER_MAX_LEN": "0"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise ScannerError(
            f"{Path(command[0]).name} ended with {done.returncode}: {' / '.join(said)}"
        ) from None


def _scan(checkov: str, folder: Path) -> tuple[list[Finding], dict[str, int]]:
    kube_score = ensure(["kube-score"]).program("kube-score")
    findings: list[Finding] = []
    passed = {"kube-score": 0}
    for region in PEERS:
        kubernetes, _ = write(joined(region), folder / region)
        files = sorted(str(file) for file in kubernetes.glob("*.yaml"))
        found, well = of_kube_score(_answer([str(kube_score), "score", "--output-format", "json", *files]))
        findings += found
        passed["kube-score"] += well
    quiet = [
        "--framework",
        "kubernetes",
        "terraform_plan",
        "-o",
        "json",
        "--compact",
        "--quiet",
        "--skip-download",
    ]
    found, passed["checkov"] = of_checkov(_answer([checkov, "-d", str(folder), *quiet]))
    return [*findings, *found], passed


def main() -> int:
    """Exit code 0 when findings and waivers cover each other, 1 when not, 2 when a scanner could not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.security", description=__doc__)
    parser.add_argument("--checkov", required=True, help="the checkov command")
    options = parser.parse_args()
    try:
        held = waivers(WAIVERS)
        with tempfile.TemporaryDirectory(prefix="standfast-security-") as folder:
            findings, passed = _scan(options.checkov, Path(folder))
    except (OSError, ValueError, SandboxError, ScannerError, WaiverError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    judgement = judge(findings, held)
    for finding in judgement.open:
        sys.stdout.write(f"{finding.tool} {finding.check} on {finding.on}: {finding.says}\n")
    for waiver, pattern in judgement.needless:
        sys.stdout.write(f"{waiver.tool} {waiver.check}: nothing needs the waiver on {pattern}\n")
    counts = ", ".join(f"{tool} passed {count} checks" for tool, count in sorted(passed.items()))
    waived = f"{len(judgement.waived)} findings are waived with a reason in {WAIVERS.relative_to(ROOT)}"
    sys.stdout.write(f"{counts}; {waived}; {len(judgement.open)} are open\n")
    return 0 if judgement.passes else 1


if __name__ == "__main__":
    sys.exit(main())
