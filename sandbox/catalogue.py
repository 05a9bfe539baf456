"""The declared tools: what can be built or copied out of the Go modules under `tools/`."""

from __future__ import annotations

import hashlib
import platform
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.paths import cache_root, checkout_root

GCFLAGS = "all=-dwarf=false"
"""No debug information: a third less to compile and to link, and stack traces stay."""
LDFLAGS = "-s -w"


@dataclass(frozen=True)
class FileSet:
    """Files of a module that match `pattern`, put under `into` without the pattern's fixed folders."""

    module: str
    pattern: str
    into: str

    @property
    def base(self) -> str:
        """The folders of the pattern before its first wildcard or file name."""
        fixed: list[str] = []
        for part in self.pattern.split("/")[:-1]:
            if any(mark in part for mark in "*?["):
                break
            fixed.append(part)
        return "/".join(fixed)


@dataclass(frozen=True)
class Unit:
    """What is had from one module of `tools/`. `programs` maps a command's name to its package."""

    name: str
    module: str
    serves: str
    ldflags: str
    programs: dict[str, str]
    files: tuple[FileSet, ...]

    @property
    def module_folder(self) -> Path:
        return checkout_root() / "tools" / self.module

    def build_arguments(self) -> list[str]:
        """The flags of `go build`, without the output and the packages."""
        ldflags = f"{LDFLAGS} {self.ldflags}".strip()
        return ["-trimpath", "-buildvcs=false", f"-ldflags={ldflags}", f"-gcflags={GCFLAGS}"]

    def key(self) -> str:
        """Changes with anything the result depends on: versions, sums, flags, packages, platform."""
        digest = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            digest.update((self.module_folder / name).read_bytes())
        parts = [*self.build_arguments(), *(f"{k}={v}" for k, v in sorted(self.programs.items()))]
        parts += [f"{f.module} {f.pattern} {f.into}" for f in self.files]
        parts += [platform.system(), platform.machine()]
        digest.update("\0".join(parts).encode())
        return digest.hexdigest()[:16]

    def folder(self) -> Path:
        return cache_root() / "tools" / f"{self.name}-{self.key()}"

    def log(self) -> Path:
        return cache_root() / "tools" / "logs" / f"{self.name}.log"


def parse(text: str) -> dict[str, Unit]:
    """Read a catalogue. Shape of the document: see catalogue.toml."""
    document: dict[str, Any] = tomllib.loads(text)
    return {
        name: Unit(
            name=name,
            module=entry.get("module", name),
            serves=entry["serves"],
            ldflags=entry.get("ldflags", ""),
            programs=dict(entry.get("programs", {})),
            files=tuple(FileSet(*row) for row in entry.get("files", [])),
        )
        for name, entry in document.items()
    }


@cache
def catalogue() -> dict[str, Unit]:
    """All units by name."""
    return parse((Path(__file__).parent / "catalogue.toml").read_text())


def unit(name: str) -> Unit:
    try:
        return catalogue()[name]
    except KeyError:
        raise SandboxError(
            f"there is no tool {name!r} in the catalogue", remedy=f"known: {', '.join(sorted(catalogue()))}"
        ) from None
