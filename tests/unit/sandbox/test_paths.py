from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths, cache_root, sandbox_id, write_atomic


def test_checkouts_of_one_name_have_sandboxes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("STANDFAST_SANDBOX", raising=False)
    first, second = sandbox_id(tmp_path / "a" / "standfast"), sandbox_id(tmp_path / "b" / "standfast")
    assert first != second
    assert first.startswith("standfast-")
    assert len(first) == len("standfast-") + 8
    assert sandbox_id(tmp_path / "a" / "standfast") == first


def test_the_environment_names_the_sandbox(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STANDFAST_SANDBOX", "mine")
    assert sandbox_id() == "mine"


@pytest.mark.parametrize("name", ["../other", "a/b", "Ä", "-x", "a" * 64])
def test_a_name_that_leaves_the_cache_is_refused(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STANDFAST_SANDBOX", name)
    with pytest.raises(SandboxError, match="is no sandbox id"):
        sandbox_id()


def test_a_checkout_of_any_name_gives_a_usable_id(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("STANDFAST_SANDBOX", raising=False)
    name = sandbox_id(Path("/srv/Über Größe (copy)"))
    monkeypatch.setenv("STANDFAST_SANDBOX", name)
    assert sandbox_id() == name


def test_the_cache_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "standfast"
    assert SandboxPaths.of("x").root == tmp_path / "standfast" / "sandboxes" / "x"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path.home() / ".cache" / "standfast"


def test_a_sandbox_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths = SandboxPaths.of("x")
    paths.create()
    write_atomic(paths.token_file, "secret")
    assert stat.S_IMODE(paths.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(paths.token_file.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_text_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "state.json"
    write_atomic(target, "old")

    def refuse(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        write_atomic(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
