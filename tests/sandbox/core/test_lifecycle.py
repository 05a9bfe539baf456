"""A whole sandbox of one region: up, again, half way, killed, down, and the engine on it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pulumi import automation as auto

from sandbox import lifecycle
from sandbox.errors import SandboxError
from sandbox.lifecycle import RegionSpec, SandboxState
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.status import ProcessState
from tests.sandbox.core.conftest import NewIdentity
from tests.sandbox.core.leftovers import forget

pytestmark = pytest.mark.engine

_REGIONS = {"us-east": RegionSpec("us-east-1", ("us-east-1a", "us-east-1b"))}
_PROGRAM = """
import json
import os

import pulumi
import pulumi_kubernetes as k8s

platform = pulumi.Config("standfast").require_object("platform")
fault = pulumi.Config("standfast").get("fault")
if fault == "config":
    raise pulumi.RunError("standfast:region: zones: 1 is given, at least 2 are needed")
if fault == "bug":
    raise ValueError("a defect")
with open(os.environ["CLUSTER"]) as file:
    cluster = json.load(file)["us-east-1"]
user = {"exec": {
    "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "Never",
    "args": ["--region", "us-east-1", "eks", "get-token", "--cluster-name", "x", "--output", "json"],
}}
kubeconfig = {
    "apiVersion": "v1", "kind": "Config", "current-context": "x",
    "clusters": [{"name": "x", "cluster": {
        "server": cluster["endpoint"], "certificate-authority-data": cluster["ca"]}}],
    "users": [{"name": "x", "user": user}],
    "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
}
provider = k8s.Provider("cluster", kubeconfig=json.dumps(kubeconfig))
k8s.core.v1.ConfigMap(
    "note", metadata={"name": "note", "namespace": "default"}, data={"platform": platform["name"]},
    opts=pulumi.ResourceOptions(provider=provider),
)
pulumi.export("zones", pulumi.Config("standfast").require_object("region")["zones"])
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "__main__.py").write_text(_PROGRAM)
    (folder / "Pulumi.yaml").write_text(
        textwrap.dedent("""\
            name: standfast
            runtime: {name: python, options: {toolchain: uv, virtualenv: .venv}}
            config:
              pulumi:disable-default-providers: ["*"]
              standfast:platform:
                value: {name: standfast, objectives: {rto: 30m}}
            """)
    )
    (folder / "Pulumi.us-east.yaml").write_text(
        "config:\n  standfast:region: {zones: [us-east-1a, us-east-1b]}\n"
    )
    return folder


@pytest.fixture(scope="module")
def sandbox(checkout: Path) -> Iterator[SandboxState]:
    name = f"test-life-{os.getpid()}"
    yield lifecycle.up(_REGIONS, "example.com", checkout, identity=name)
    forget(name)


def _pids(state: SandboxState) -> dict[str, int | None]:
    return {p.name: p.pid for p in lifecycle.status(identity=state.id).processes}


def _stack(state: SandboxState) -> auto.Stack:
    environment = {**state.engine_env, "CLUSTER": str(state.root / "eks.json")}
    options = auto.LocalWorkspaceOptions(
        env_vars=environment, pulumi_command=auto.PulumiCommand(root=str(state.root))
    )
    folder = lifecycle.refresh_workspace(identity=state.id)
    return auto.create_or_select_stack("us-east", work_dir=str(folder), opts=options)


def test_all_of_it_runs_and_says_so(sandbox: SandboxState):
    found = lifecycle.status(identity=sandbox.id)
    assert found.up
    assert {p.state for p in found.processes} == {ProcessState.RUNNING}
    assert len(found.processes) == 2 + 4 + 2 + 3 + 1
    assert found.regions[0].reachable
    assert found.addons == ()
    assert 200 < found.memory_mib < 3000
    assert lifecycle.load(identity=sandbox.id) == sandbox
    assert lifecycle.kubeconfig("us-east", identity=sandbox.id).is_file()
    with pytest.raises(SandboxError, match="no region 'eu-west'"):
        lifecycle.kubeconfig("eu-west", identity=sandbox.id)


def test_up_again_changes_nothing(sandbox: SandboxState, checkout: Path):
    before = _pids(sandbox)
    assert lifecycle.up(_REGIONS, "example.com", checkout, identity=sandbox.id) == sandbox
    assert _pids(sandbox) == before


def test_the_engine_runs_a_program_on_it(sandbox: SandboxState, checkout: Path):
    stack = _stack(sandbox)
    outputs = stack.up(color="never").outputs
    assert outputs["zones"].value == ["us-east-1a", "us-east-1b"]
    note = lifecycle.api("us-east", identity=sandbox.id).get("/api/v1/namespaces/default/configmaps/note")
    assert note["data"] == {"platform": "standfast"}
    deployment = stack.export_stack().deployment or {}
    kept = next(r for r in deployment["resources"] if r["urn"].endswith("::note"))
    assert [frame["sourcePosition"].partition("#")[0] for frame in kept["stackTrace"]] == [
        "project:///program/__main__.py"
    ]
    again = stack.preview(color="never").change_summary
    assert set(again) == {"same"}
    (checkout / "Pulumi.us-east.yaml").write_text("config:\n  standfast:region: {zones: [us-east-1a]}\n")
    assert _stack(sandbox).up(color="never").outputs["zones"].value == ["us-east-1a"]
    stack.destroy(color="never")
    names = [p.name for p in checkout.iterdir() if p.name != "__pycache__"]
    assert sorted(names) == ["Pulumi.us-east.yaml", "Pulumi.yaml", "__main__.py"], "the checkout is as it was"


@pytest.mark.parametrize(
    ("fault", "said", "unsaid"),
    [
        ("config", "error: standfast:region: zones: 1 is given, at least 2 are needed", "Traceback"),
        ("bug", "ValueError: a defect", "run_path"),
    ],
)
def test_an_error_of_the_program_is_the_engine_s_error(
    sandbox: SandboxState, fault: str, said: str, unsaid: str
):
    stack = _stack(sandbox)
    stack.set_config("standfast:fault", auto.ConfigValue(fault))
    with pytest.raises(auto.CommandError) as caught:
        stack.preview(color="never")
    assert said in str(caught.value)
    assert unsaid not in str(caught.value)


def _kill(pid: int) -> None:
    """SIGKILL, and wait: a process of half a gigabyte takes the kernel a moment to end."""
    process = psutil.Process(pid)
    process.kill()
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(0.1)
            return
        if process.status() == psutil.STATUS_ZOMBIE:
            return
    raise AssertionError(f"process {pid} outlives SIGKILL by 30 s")


def test_what_died_is_started_again_where_it_was(sandbox: SandboxState, checkout: Path):
    before = _pids(sandbox)
    for name in ("kube-apiserver-us-east", "kwok-us-east-us-east-1b", "provider-aws"):
        pid = before[name]
        assert pid is not None
        _kill(pid)
    lifecycle.stop_zone("us-east", "us-east-1a", identity=sandbox.id)
    found = lifecycle.status(identity=sandbox.id)
    states = {p.name: p.state for p in found.processes}
    assert not found.up
    assert states["kube-apiserver-us-east"] is ProcessState.DEAD
    assert states["kwok-us-east-us-east-1a"] is ProcessState.STOPPED
    assert not found.regions[0].reachable
    after = lifecycle.up(_REGIONS, "example.com", checkout, identity=sandbox.id)
    assert after.regions == sandbox.regions
    assert after.moto_url == sandbox.moto_url
    now = _pids(sandbox)
    changed = {name for name in now if now[name] != before[name]}
    assert changed == {"kube-apiserver-us-east", "kwok-us-east-us-east-1b", "provider-aws"}
    assert lifecycle.status(identity=sandbox.id).up


def _killed_up(name: str, checkout: Path, seconds: float) -> None:
    code = (
        "import sys; from pathlib import Path; from sandbox.lifecycle import RegionSpec, up; "
        "up({'us-east': RegionSpec('us-east-1', ('us-east-1a', 'us-east-1b'))}, 'example.com', "
        "Path(sys.argv[2]), identity=sys.argv[1])"
    )
    with subprocess.Popen([sys.executable, "-P", "-c", code, name, str(checkout)]) as process:
        time.sleep(seconds)
        process.kill()


@pytest.mark.parametrize("seconds", [1.5, 6.0])
def test_a_killed_up_leaves_nothing_after_down(identity: NewIdentity, checkout: Path, seconds: float):
    name = identity()
    _killed_up(name, checkout, seconds)
    processes = Processes(SandboxPaths.of(name))
    assert processes.all_marked(), "it was killed half way"
    with pytest.raises(SandboxError, match="run `standfast sandbox up`"):
        lifecycle.load(identity=name)
    assert lifecycle.down(identity=name) is True
    assert processes.all_marked() == []
    assert not SandboxPaths.of(name).root.exists()
    assert lifecycle.down(identity=name) is False
    assert lifecycle.status(identity=name).exists is False


def test_up_finishes_what_a_killed_one_began(identity: NewIdentity, checkout: Path):
    name = identity()
    _killed_up(name, checkout, 4.0)
    half = {p.pid for p in Processes(SandboxPaths.of(name)).all_marked()}
    state = lifecycle.up(_REGIONS, "example.com", checkout, identity=name)
    assert lifecycle.status(identity=name).up
    assert half & {pid for pid in _pids(state).values() if pid is not None}, "what ran is used, not replaced"
    assert len(Processes(SandboxPaths.of(name)).all_marked()) == len(_pids(state))


def test_a_process_is_not_ended_by_another_sandbox_s_down(sandbox: SandboxState, identity: NewIdentity):
    before = _pids(sandbox)
    lifecycle.down(identity=identity())
    assert _pids(sandbox) == before
    assert all(psutil.pid_exists(pid) for pid in before.values() if pid is not None)


def test_a_sandbox_needs_a_region():
    regions: dict[str, Any] = {}
    with pytest.raises(SandboxError, match="at least one region"):
        lifecycle.up(regions, "example.com")
