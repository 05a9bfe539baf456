"""The provider under the real Pulumi engine: whole updates of small programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import engine_environment, write_executables
from sandbox.providers.base import Served
from sandbox.tools import ensure
from tests.sandbox.kubernetes_provider.driver import Region

pytestmark = pytest.mark.engine

MERGE = "application/merge-patch+json"
HEAD = """
import pulumi, pulumi_kubernetes as k8s
kube = k8s.Provider("kube", kubeconfig={kubeconfig!r}, namespace={namespace!r})
opts = pulumi.ResourceOptions(provider=kube)
"""


class Stack:
    """A program and its stack, run by the engine's command line."""

    def __init__(self, folder: Path, environment: dict[str, str], region: Region, namespace: str) -> None:
        self.folder = folder
        self.environment = environment
        self.head = HEAD.format(kubeconfig=region.kubeconfig, namespace=namespace)
        folder.joinpath("Pulumi.yaml").write_text("name: small\nruntime: python\n")
        self.run("stack", "init", "test")

    def write(self, program: str) -> None:
        self.folder.joinpath("__main__.py").write_text(self.head + textwrap.dedent(program))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        process = self.start(*arguments)
        text, _ = process.communicate(timeout=120)
        assert (process.returncode != 0) is fails, text
        return text

    def up(self, program: str | None = None, *, fails: bool = False) -> str:
        if program is not None:
            self.write(program)
        return self.run("up", "--yes", "--skip-preview", "--diff", fails=fails)

    def state(self) -> dict[str, Any]:
        resources = json.loads(self.run("stack", "export"))["deployment"].get("resources", [])
        return {each["urn"].rpartition("::")[2]: each for each in resources}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "output", "--json", "--show-secrets"))


@pytest.fixture
def stack(region: Region, served: Served, namespace: str, tmp_path: Path) -> Iterator[Callable[[], Stack]]:
    write_executables(region.paths, ensure(["pulumi"]).program("pulumi"), own_hosts=True)
    environment = engine_environment(region.paths, passphrase="test", providers={"kubernetes": served.port})
    environment["PULUMI_BACKEND_URL"] = f"file://{tmp_path / 'state'}"
    (tmp_path / "state").mkdir()
    (tmp_path / "program").mkdir()
    made: list[Stack] = []

    def make() -> Stack:
        made.append(Stack(tmp_path / "program", environment, region, namespace))
        return made[0]

    yield make
    for each in made:
        each.run("destroy", "--yes", "--skip-preview")


WORKLOAD = """
def deployment(replicas, image="app:1", **spec):
    labels = {"app": "app"}
    return k8s.apps.v1.Deployment("app",
        metadata={"name": "app"},
        spec={"replicas": replicas, "selector": {"match_labels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": image}], **spec}}},
        opts=pulumi.ResourceOptions(provider=kube, custom_timeouts={"create": "2s", "update": "2s"}))
"""


def test_up_again_update_refresh_and_destroy(
    stack: Callable[[], Stack], region: Region, namespace: str
) -> None:
    mine = stack()
    both = """
    other = k8s.Provider("other", kubeconfig=%r, namespace="default")
    k8s.core.v1.ConfigMap("there", metadata={"name": %r}, data={"a": "b"},
        opts=pulumi.ResourceOptions(provider=other))
    app = deployment(%d)
    pulumi.export("available", app.status.available_replicas)
    """
    first = WORKLOAD + textwrap.dedent(both % (region.kubeconfig, f"{namespace}-there", 1))
    mine.write(first)
    assert "5 to create" in mine.run("preview")
    assert "5 created" in mine.up(first)
    assert mine.outputs() == {"available": 1}
    # Each of the two providers of one process has its own namespace.
    state = mine.state()
    assert state["app"]["id"] == f"{namespace}/app"
    assert state["there"]["id"] == f"default/{namespace}-there"

    assert "5 unchanged" in mine.up(first)
    assert "5 unchanged" in mine.run("preview", "--refresh")

    second = first.replace("deployment(1)", "deployment(2)")
    shown = mine.up(second)
    assert "~ spec" in shown
    assert "replace" not in shown
    assert mine.outputs() == {"available": 2}

    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/app"
    patch = {"spec": {"minReadySeconds": 1, "replicas": 3}}
    region.api.call("PATCH", path, patch, content_type=MERGE)
    mine.run("refresh", "--yes", "--skip-preview")
    assert mine.state()["app"]["inputs"]["spec"]["replicas"] == 3
    assert "minReadySeconds" not in mine.state()["app"]["inputs"]["spec"]
    assert "conflict" in mine.up(fails=True)
    force = '"name": "app", "annotations": {"pulumi.com/patchForce": "true"}'
    mine.up(second.replace('"name": "app"', force, 1))
    assert region.api.get(path)["spec"]["replicas"] == 2

    mine.run("destroy", "--yes", "--skip-preview")
    assert region.api.find(path) is None
    assert region.api.find(f"/api/v1/namespaces/default/configmaps/{namespace}-there") is None


def test_a_bad_manifest_fails_the_preview(stack: Callable[[], Stack], namespace: str) -> None:
    mine = stack()
    mine.write(
        """
    k8s.core.v1.Service("entry", metadata={"name": "entry"}, spec={"ports": [{"port": 70000}]}, opts=opts)
    """
    )
    shown = mine.run("preview", fails=True)
    assert f"Service {namespace}/entry: the API server refuses it" in shown
    assert "spec.ports[0].port" in shown


def test_what_is_late_is_finished_by_the_next_update(
    stack: Callable[[], Stack], region: Region, namespace: str
) -> None:
    mine = stack()
    late = WORKLOAD + "\ndeployment(1, node_selector={'not': 'there'})\n"
    shown = mine.up(late, fails=True)
    assert f"Deployment {namespace}/app is not ready after 2 s" in shown
    assert "Unschedulable" in shown
    assert mine.state()["app"]["initErrors"]
    # A refresh does not fail over it, and does not forget it.
    mine.run("refresh", "--yes", "--skip-preview")
    assert mine.state()["app"]["initErrors"]
    # Nothing changes in the program: the update only waits.
    assert "is not ready" in mine.up(fails=True)
    labels = {"metadata": {"labels": {"not": "there"}}}
    region.api.call("PATCH", "/api/v1/nodes/node-a", labels, content_type=MERGE)
    mine.up(late)
    assert not mine.state()["app"].get("initErrors")
    assert "unchanged" in mine.up()


def test_secrets_are_secret_in_the_state(stack: Callable[[], Stack]) -> None:
    mine = stack()
    mine.up(
        """
    reader = k8s.core.v1.ServiceAccount("reader", metadata={"name": "reader"}, opts=opts)
    account = {"kubernetes.io/service-account.name": "reader"}
    token = k8s.core.v1.Secret("token", type="kubernetes.io/service-account-token",
        metadata={"name": "token", "annotations": account},
        opts=pulumi.ResourceOptions(provider=kube, depends_on=[reader]))
    k8s.core.v1.Secret("keys", metadata={"name": "keys"}, string_data={"plain": "hush-plain"}, opts=opts)
    k8s.helm.v3.Release("chart", name="chart", chart="chart", version="1.0.0",
        repository_opts={"repo": "https://charts.example.com"},
        values={"login": {"password": pulumi.Output.secret("hush-value"), "user": "me"}}, opts=opts)
    pulumi.export("token", token.data.apply(lambda data: data["token"]))
    """
    )
    token = mine.outputs()["token"]
    assert len(token) > 100
    text = mine.run("stack", "export")
    for hidden in (token, "hush-plain", "aHVzaC1wbGFpbg==", "hush-value"):
        assert hidden not in text
    assert '"user": "me"' in text
    assert "recorded by the sandbox" in text
    assert "unchanged" in mine.run("preview", "--refresh")


def test_import(stack: Callable[[], Stack], region: Region, namespace: str) -> None:
    document = {"metadata": {"name": "settings"}, "data": {"colour": "red"}}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    region.api.call("POST", path, document)
    mine = stack()
    program = f"""
    k8s.core.v1.ConfigMap("settings", metadata={{"name": "settings"}}, data={{"colour": "COLOUR"}},
        opts=pulumi.ResourceOptions(provider=kube, import_="{namespace}/settings"))
    """
    mine.write(program.replace("COLOUR", "blue"))
    # The engine imports, then updates to what the program says; its maker still owns the fields.
    assert "conflict" in mine.run("preview", fails=True)
    assert "1 imported" in mine.up(program.replace("COLOUR", "red"))
    assert "3 unchanged" in mine.up()
    assert region.api.get(f"{path}/settings")["data"] == {"colour": "red"}


def test_a_killed_update_is_finished_by_the_next(
    stack: Callable[[], Stack], region: Region, namespace: str
) -> None:
    mine = stack()
    program = WORKLOAD.replace("2s", "60s") + "\ndeployment(1, node_selector=NODE)\n"
    mine.write("NODE = {'standfast.dev/test': 'none'}\n" + program)
    process = mine.start("up", "--yes", "--skip-preview")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/app"
    deadline = time.monotonic() + 60
    while region.api.find(path) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert "app" not in mine.state()
    mine.run("cancel", "--yes")
    mine.up("NODE = {}\n" + program)
    assert mine.state()["app"]["id"] == f"{namespace}/app"
    assert region.api.get(path)["status"]["availableReplicas"] == 1


def test_a_first_preview_with_no_cluster_yet(stack: Callable[[], Stack]) -> None:
    mine = stack()
    mine.write(
        """
    later = k8s.core.v1.ConfigMap("made", metadata={"name": "made"}, data={"a": "b"}, opts=opts)
    unknown = k8s.Provider("unknown", kubeconfig=later.metadata.uid)
    k8s.core.v1.ConfigMap("inside", metadata={"name": "inside"}, data={"a": "b"},
        opts=pulumi.ResourceOptions(provider=unknown))
    """
    )
    assert "to create" in mine.run("preview")
