from __future__ import annotations

import io
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox import catalogue, tools
from sandbox.catalogue import FileSet, Unit
from sandbox.errors import SandboxError
from sandbox.paths import checkout_root
from sandbox.progress import Display, Silent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of nothing but the tool modules, and a cache of its own."""
    shutil.copytree(checkout_root() / "tools", tmp_path / "tools")
    monkeypatch.setattr(catalogue, "checkout_root", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_every_unit_has_its_module_with_sums():
    for unit in catalogue.catalogue().values():
        assert (unit.module_folder / "go.mod").is_file(), unit.name
        assert (unit.module_folder / "go.sum").is_file(), unit.name
        text = (unit.module_folder / "go.mod").read_text()
        for package in unit.programs.values():
            assert f"{package}\n" in text, f"{unit.name}: go.mod has no tool line for {package}"
        for files in unit.files:
            assert f"{files.module} v" in text, f"{unit.name}: go.mod does not require {files.module}"


def test_every_folder_of_tools_is_in_the_catalogue():
    folders = {path.parent.name for path in (checkout_root() / "tools").glob("*/go.mod")}
    assert folders == {unit.module for unit in catalogue.catalogue().values()}


def test_two_units_can_share_a_module_and_are_kept_apart():
    charts, programs = catalogue.unit("istio"), catalogue.unit("istiod")
    assert charts.module_folder == programs.module_folder
    assert charts.folder() != programs.folder()


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_a_changed_version_is_another_build(checkout: Path, name: str):
    unit = catalogue.unit("etcd")
    before = unit.key()
    file = checkout / "tools" / "etcd" / name
    file.write_text(file.read_text() + "\n// changed\n")
    assert unit.key() != before


def test_changed_flags_or_packages_are_another_build():
    unit = catalogue.unit("pulumi")
    keys = {
        unit.key(),
        replace(unit, ldflags="-X a=b").key(),
        replace(unit, programs={**unit.programs, "other": "example.com/other"}).key(),
        replace(unit, files=(FileSet("m", "*.yaml", "into"),)).key(),
    }
    assert len(keys) == 4


def test_the_engine_knows_its_version():
    """Without a version the Automation API refuses it."""
    arguments = catalogue.unit("pulumi").build_arguments()
    assert any("version.Version=v3.200.0" in argument for argument in arguments)
    assert "github.com/pulumi/pulumi/pkg/v3 v3.200.0" in (checkout_root() / "tools/pulumi/go.mod").read_text()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 linux/arm64", (1, 27, 0)),
        ("go version go1.27rc1 linux/amd64", None),
        ("go version devel +abc linux/amd64", None),
        ("", None),
    ],
)
def test_go_version(text: str, version: tuple[int, int, int] | None):
    assert tools.go_version(text) == version


def _fake_go(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    go = folder / "go"
    go.write_text(f"#!/bin/sh\necho 'go version go{version} linux/amd64'\n")
    go.chmod(0o755)
    return go


def test_an_old_go_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _fake_go(tmp_path / "old", "1.21.0")
    new = _fake_go(tmp_path / "new", "1.26.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{tmp_path / 'new'}:/usr/bin:/bin")
    assert tools.find_go() == new


def test_without_a_go_the_packaged_one_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    go = tools.find_go()
    assert go.parts[-3:] == ("go", "bin", "go")
    assert go.is_file()


def test_a_build_takes_none_of_the_callers_flags():
    environment = tools.go_environment({"GOFLAGS": "-tags=x", "GOOS": "plan9", "GOPROXY": "p", "HOME": "/h"})
    assert environment["GOFLAGS"] == "-mod=readonly"
    assert "GOOS" not in environment
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOPROXY"] == "p"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('go: x@v1: Get "https://p/x": dial tcp: lookup p: no such host', "cannot be downloaded"),
        ("go: x@v1: reading https://p/x.zip: 403 Forbidden", "cannot be downloaded"),
        ("go: module lookup disabled by GOPROXY=off", "cannot be downloaded"),
        ("write /tmp/x: no space left on device", "the disk is full"),
        ("# example.com/x\nx.go:1:2: undefined: y", "undefined: y"),
        ("", "go said nothing"),
    ],
)
def test_a_failed_build_says_why_in_one_line(said: str, expected: str):
    unit = catalogue.unit("etcd")
    message = str(tools.failure(unit, f"$ go build\ngo: downloading x v1\n{said}\n"))
    assert message.startswith("etcd could not be built")
    assert expected in message
    assert str(unit.log()) in message
    assert "\n" not in message


def test_no_registry_is_one_line_that_names_the_tool(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(checkout / "modules"))
    with pytest.raises(SandboxError) as caught:
        tools.ensure(["crds"])
    message = str(caught.value)
    assert message.startswith("crds could not be built: its Go modules cannot be downloaded")
    assert "GOPROXY" in message
    assert str(checkout / "cache") in message
    assert "\n" not in message
    left = [p.name for p in (checkout / "cache/standfast/tools").iterdir() if p.name.startswith("crds-")]
    assert left == [], "a failed build leaves nothing that looks built"


def test_what_is_built_is_not_built_again(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    unit = catalogue.unit("crds")
    unit.folder().mkdir(parents=True)
    monkeypatch.setattr(tools, "find_go", lambda: pytest.fail("no build is needed"))
    assert tools.ensure(["crds"]).folder("crds") == unit.folder()


def test_an_unknown_tool_is_named():
    with pytest.raises(SandboxError, match="there is no tool 'kubectl'"):
        tools.ensure(["kubectl"])


def test_files_keep_what_follows_the_fixed_folders(tmp_path: Path):
    module = tmp_path / "module"
    for name in ("config/crd/v1/bases/a.yaml", "config/crd/v1/bases/b.txt", "config/other.yaml"):
        (module / name).parent.mkdir(parents=True, exist_ok=True)
        (module / name).write_text(name)
    files = FileSet("m", "config/crd/*/bases/*.yaml", "velero")
    assert tools.copy_files(files, module, tmp_path / "out") == 1
    assert (tmp_path / "out/v1/bases/a.yaml").read_text() == "config/crd/v1/bases/a.yaml"


def test_the_documents_of_a_download_are_told_apart():
    documents: list[dict[str, Any]] = [{"Path": "a", "Dir": "/a"}, {"Path": "b", "Sum": "{"}]
    text = "\n".join(json.dumps(d, indent=1) for d in documents)
    assert tools.json_documents(text) == documents


def test_a_unit_is_read_as_declared():
    parsed = catalogue.parse('[x]\nserves = "s"\nfiles = [["m", "a/*.yaml", "out"]]\n')
    assert parsed == {"x": Unit("x", "x", "s", "", {}, (FileSet("m", "a/*.yaml", "out"),))}


_COUNTING_GO = """#!/bin/sh
case "$1" in
  version) echo 'go version go1.26.0 linux/amd64' ;;
  build)
    while [ "$1" != -o ]; do shift; done
    echo built >> "$COUNT"
    sleep 0.5
    printf '#!/bin/sh\\n' > "$2" && chmod 755 "$2" ;;
esac
"""


def test_two_commands_at_once_build_once(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    go = checkout / "bin" / "go"
    go.parent.mkdir()
    go.write_text(_COUNTING_GO)
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("COUNT", str(checkout / "count"))
    shown = io.StringIO()
    with Display(shown) as display, ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda show: tools.ensure(["etcd"], show), [display, Silent()]))
    assert (checkout / "count").read_text() == "built\n"
    assert {built.program("etcd") for built in found} == {catalogue.unit("etcd").folder() / "etcd"}
    assert os.access(found[0].program("etcd"), os.X_OK)
    lines = shown.getvalue().splitlines()
    assert lines[0].startswith("build etcd: the store of the Kubernetes API servers: starting")
    assert str(catalogue.unit("etcd").log()) in lines[0]


def test_a_build_without_its_program_is_no_build(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    _fake_go(checkout / "bin", "1.26.0")
    monkeypatch.setenv("PATH", f"{checkout / 'bin'}:/usr/bin:/bin")
    with pytest.raises(SandboxError, match="was built without etcd"):
        tools.ensure(["etcd"])
    assert tools.missing(["etcd"]) == ["etcd"]
