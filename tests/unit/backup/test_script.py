"""The copy's script, run by a real bash with an ``aws`` that keeps buckets as folders."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jmespath
import pytest

from components.backup.store_aws import SCRIPT
from tests.lesson import manifest as lesson
from tests.unit.backup.promises import pod_of

AWS = """\
#!{python} -S
import json, os, shutil, sys
from pathlib import Path

root = Path(os.environ["BUCKETS"])
args = sys.argv[1:]
with (root.parent / "calls").open("a") as calls:
    calls.write(json.dumps(args) + "\\n")


def path(where):
    return root / where.removeprefix("s3://") if where.startswith("s3://") else Path(where)


if os.environ.get("FAIL") == " ".join(args[:2]):
    sys.exit(1)
if args[:2] == ["s3", "sync"]:
    if not path(args[2]).is_dir():
        sys.exit("no such bucket")
    shutil.copytree(path(args[2]), path(args[3]), dirs_exist_ok=True)
elif args[:2] == ["s3", "cp"]:
    if not path(args[2]).is_file():
        sys.exit("no such key")
    path(args[3]).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path(args[2]), path(args[3]))
elif args[:2] == ["s3api", "list-object-versions"]:
    bucket = root / args[args.index("--bucket") + 1]
    prefix = args[args.index("--prefix") + 1]
    keys = sorted(str(p.relative_to(bucket)) for p in bucket.rglob("*") if p.is_file())
    print(json.dumps([{{"key": key, "version": "1"}} for key in keys if key.startswith(prefix)]))
else:
    sys.exit(f"unknown command {{args}}")
"""


class Machine:
    """A folder of buckets, and a PATH on which ``aws`` is our own and the time is what a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.buckets = folder / "buckets"
        self.tools = folder / "tools"
        self.home = folder / "home"
        for each in (self.buckets, self.tools, self.home):
            each.mkdir()
        self._tool("aws", AWS.format(python=sys.executable))

    def _tool(self, name: str, text: str) -> None:
        tool = self.tools / name
        tool.write_text(text)
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)

    def put(self, key: str, text: str = "model") -> None:
        path = self.buckets / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, shell: str, script: str, now: str, **environment: str) -> int:
        self._tool("date", f'#!/bin/sh\nexec /bin/date -d "{now}" "$@"\n')
        return subprocess.run(
            [shell, "-c", script],
            env={
                "PATH": f"{self.tools}:{os.environ['PATH']}",
                "HOME": str(self.home),
                "BUCKETS": str(self.buckets),
                **environment,
            },
            check=False,
            capture_output=True,
            timeout=60,
        ).returncode

    def keys(self, bucket: str) -> list[str]:
        root = self.buckets / bucket
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    (machine.buckets / "registry").mkdir()
    (machine.buckets / "backup").mkdir()
    return machine


OURS = {"REGISTRY_BUCKET": "registry", "BACKUP_BUCKET": "backup", "REGION": "us-east"}


def ours(machine: Machine, now: str, **environment: str) -> int:
    return machine.run("/bin/bash", SCRIPT, now, **OURS, **environment)


def lessons(machine: Machine, now: str) -> int:
    (container,) = pod_of(lesson("registry-cronjob"))["containers"]
    shell, flag, script = container["command"]
    assert flag == "-c"
    script = script.replace("s3://model-registry-backup", "s3://backup").replace(
        "s3://model-registry", "s3://registry"
    )
    return machine.run(shell, script, now)


def manifests(machine: Machine) -> dict[str, Any]:
    return {
        key: json.loads((machine.buckets / "backup" / key).read_text())
        for key in machine.keys("backup")
        if "manifest-" in key
    }


class TestTheLesson:
    def test_it_fails_as_long_as_nobody_has_put_a_manifest_there(self, machine: Machine) -> None:
        machine.put("registry/default/1/model.bin")
        assert lessons(machine, "2026-01-15 06:00:00") != 0

    def test_four_copies_a_day_leave_one_manifest(self, machine: Machine) -> None:
        machine.put("backup/manifest.json", "[]")
        for hour in (0, 6, 12, 18):
            assert lessons(machine, f"2026-01-15 {hour:02d}:00:00") == 0
        assert len(manifests(machine)) == 1


class TestOurs:
    def test_every_run_copies_what_is_new_and_says_what_it_has(self, machine: Machine) -> None:
        machine.put("registry/default/1/model.bin")
        assert ours(machine, "2026-01-15 06:00:00 UTC") == 0
        machine.put("registry/default/2/model.bin")
        assert ours(machine, "2026-01-15 06:30:00 UTC") == 0
        found = manifests(machine)
        assert [[entry["key"] for entry in content] for content in found.values()] == [
            ["us-east/registry/default/1/model.bin"],
            ["us-east/registry/default/1/model.bin", "us-east/registry/default/2/model.bin"],
        ]
        assert list(found) == [
            "us-east/manifests/manifest-20260115T060000Z.json",
            "us-east/manifests/manifest-20260115T063000Z.json",
        ]

    def test_an_empty_registry_is_no_error(self, machine: Machine) -> None:
        assert ours(machine, "2026-01-15 06:00:00 UTC") == 0
        assert list(manifests(machine).values()) == [[]]

    def test_what_was_deleted_from_the_registry_is_still_in_the_copy(self, machine: Machine) -> None:
        machine.put("registry/default/1/model.bin")
        assert ours(machine, "2026-01-15 06:00:00 UTC") == 0
        (machine.buckets / "registry/default/1/model.bin").unlink()
        assert ours(machine, "2026-01-15 06:30:00 UTC") == 0
        assert "us-east/registry/default/1/model.bin" in machine.keys("backup")

    @pytest.mark.parametrize("step", ["s3 sync", "s3api list-object-versions", "s3 cp"])
    def test_a_step_that_fails_fails_the_job_and_leaves_no_manifest(
        self, machine: Machine, step: str
    ) -> None:
        machine.put("registry/default/1/model.bin")
        assert ours(machine, "2026-01-15 06:00:00 UTC", FAIL=step) != 0
        assert manifests(machine) == {}

    def test_the_copy_goes_into_the_lessons_storage_class_and_deletes_nothing(self, machine: Machine) -> None:
        assert ours(machine, "2026-01-15 06:00:00 UTC") == 0
        (sync,) = [call for call in machine.calls() if call[:2] == ["s3", "sync"]]
        assert sync[sync.index("--storage-class") + 1] == "GLACIER_IR"
        assert "--delete" not in sync

    @pytest.mark.parametrize("missing", sorted(OURS))
    def test_a_variable_that_is_not_there_is_an_error_before_anything_is_copied(
        self, machine: Machine, missing: str
    ) -> None:
        environment = {key: value for key, value in OURS.items() if key != missing}
        assert machine.run("/bin/bash", SCRIPT, "2026-01-15 06:00:00 UTC", **environment) != 0
        assert machine.keys("backup") == []


class TestTheManifestsQuery:
    QUERY = re.search(r"--query '([^']+)'", SCRIPT)

    def ask(self, answer: dict[str, Any]) -> Any:
        assert self.QUERY
        return jmespath.search(self.QUERY[1], answer)

    def test_it_names_the_version_of_each_object_that_is_current(self) -> None:
        current = {"Key": "us-east/registry/a", "VersionId": "v2", "Size": 7, "ETag": '"e"', "IsLatest": True}
        before = {**current, "VersionId": "v1", "IsLatest": False}
        assert self.ask({"Versions": [current, before]}) == [
            {"key": "us-east/registry/a", "version": "v2", "size": 7, "etag": '"e"'}
        ]

    def test_nothing_yet_is_an_empty_list(self) -> None:
        assert self.ask({}) == []
