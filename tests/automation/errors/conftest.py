"""The real engine with a tiny program, in a folder of its own."""

from __future__ import annotations

import secrets
import shutil
import textwrap
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from automation.stacks import Stacks
from automation.workspace import Workspace
from sandbox.control_plane import ClusterAccess, ControlPlane, Ports
from sandbox.engine import engine_environment, write_executables
from sandbox.host import Machine
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.progress import Silent
from sandbox.tools import ensure

REGION = "us-east"
# Of the one who runs the tests: nothing of theirs takes part.
_AMBIENT = ("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE")


@dataclass
class Project:
    """A project with one stack. `env` is what the engine runs in."""

    workspace: Workspace
    env: dict[str, str] = field(default_factory=dict[str, str])

    def write(self, program: str) -> None:
        """The program."""
        (self.workspace.folder / "__main__.py").write_text(textwrap.dedent(program))

    def stacks(self, *without: str, **env: str) -> Stacks:
        """Its stacks, in an environment that differs by this much."""
        mine = {name: value for name, value in {**self.env, **env}.items() if name not in without}
        # A lock that is held is waited for no longer than this.
        return Stacks(replace(self.workspace, env=mine), Silent(), lock_patience=1.0)

    @property
    def state(self) -> Path:
        """The folder that is the backend."""
        return self.workspace.folder.parent / "state"

    def logs(self) -> str:
        """All that is in the workspace's logs."""
        return "\n".join(path.read_text() for path in self.workspace.logs.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def installed() -> Iterator[SandboxPaths]:
    """A folder with the engine and its hosts."""
    paths = SandboxPaths.of(f"automation-errors-test-{secrets.token_hex(4)}")
    paths.create()
    try:
        write_executables(paths, ensure(["pulumi"]).program("pulumi"), own_hosts=True)
        yield paths
    finally:
        shutil.rmtree(paths.root, ignore_errors=True)


@pytest.fixture
def project(installed: SandboxPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stack is there, with no provider attached."""
    for name in _AMBIENT:
        monkeypatch.delenv(name, raising=False)
    for name in ("state", "program", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "program" / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    env = engine_environment(installed, passphrase="open sesame", providers={})
    env |= {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "PULUMI_HOME": str(tmp_path / "home")}
    workspace = Workspace(
        tmp_path / "program", env, pulumi=str(installed.bin / "pulumi"), logs=tmp_path / "logs"
    )
    workspace.logs.mkdir()
    project = Project(workspace, env)
    project.write("import pulumi\n")
    project.stacks().init([REGION])
    return project


@contextmanager
def answering(answer: Callable[[str, str], tuple[int, str, str]]) -> Generator[str]:
    """The address of a server whose answers (status, content type, body) are made of path and body."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, kind, body = answer(self.path, asked)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def cluster(installed: SandboxPaths) -> Iterator[ClusterAccess]:
    """An API server of these tests' own."""
    host = Machine(installed)
    ports = Ports(etcd=host.free_port(), api_server=host.free_port())
    try:
        tools = ensure(["etcd", "kubernetes"])
        yield ControlPlane("here", installed, host, tools, ports=ports).start(secrets.token_hex(16))
    finally:
        Processes(installed).stop_all()


@pytest.fixture
def answering_401() -> Iterator[str]:
    """What Pulumi Cloud answers to a token that it does not know."""
    body = '{"code": 401, "message": "Unauthorized: No credentials provided or are invalid."}'
    with answering(lambda path, asked: (401, "application/json", body)) as address:
        yield address
