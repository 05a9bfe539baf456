"""Ways to an API server, and what is said when they fail."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.providers.base import Served
from tests.sandbox.kubernetes_provider.driver import Engine, Failed, Region
from tests.sandbox.kubernetes_provider.manifests import CONFIG_MAP, config_map

pytestmark = pytest.mark.engine


def with_exec(region: Region, command: str, *arguments: str) -> str:
    """The region's kubeconfig as EKS has it: a program says the token."""
    document: dict[str, Any] = yaml.safe_load(region.kubeconfig)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": command,
        "args": list(arguments),
        "env": None,
        "interactiveMode": "Never",
    }
    document["users"][0]["user"] = {"exec": credential}
    return yaml.safe_dump(document)


def test_the_exec_entry_is_asked_for_the_token_once(
    served: Served, region: Region, namespace: str, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "token"
    answer = f'{{"status": {{"token": "{region.access.token}"}}}}'
    program.write_text(f"#!/bin/sh\necho x >> {asked}\necho '{answer}'\n")
    program.chmod(0o755)
    engine = Engine(served.port, kubeconfig=with_exec(region, str(program), "eks")).configure()

    def create(number: int) -> str:
        inputs = {"metadata": {"name": f"m{number}", "namespace": namespace}}
        return engine.create(CONFIG_MAP, inputs, f"m{number}").id

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(create, range(8))) == [f"{namespace}/m{number}" for number in range(8)]
    assert asked.read_text() == "x\n"


@pytest.mark.parametrize(
    ("command", "arguments", "why"),
    [
        ("/not/there", (), "No such file or directory: '/not/there'"),
        ("/bin/sh", ("-c", "echo no such cluster >&2; exit 3"), "returned 3: no such cluster"),
        ("/bin/echo", ("nonsense",), "credentials cannot be had"),
    ],
)
def test_a_failing_exec_entry_is_told(
    served: Served, region: Region, command: str, arguments: tuple[str, ...], why: str
) -> None:
    engine = Engine(served.port, kubeconfig=with_exec(region, command, *arguments)).configure()
    with pytest.raises(Failed) as failed:
        engine.check(CONFIG_MAP, config_map("default"))
    assert f"Kubernetes API server {region.access.endpoint} (context here)" in str(failed.value)
    assert why in str(failed.value)


def test_a_wrong_token_is_told(served: Served, region: Region) -> None:
    kubeconfig = region.kubeconfig.replace(region.access.token, "wrong")
    engine = Engine(served.port, kubeconfig=kubeconfig).configure()
    with pytest.raises(Failed, match=r"Unauthorized.*rights of the kubeconfig's user"):
        engine.check(CONFIG_MAP, config_map("default"))


def test_a_dead_api_server_is_one_clear_error(served: Served, region: Region, unused_port: int) -> None:
    dead = region.kubeconfig.replace(region.access.endpoint, f"https://127.0.0.1:{unused_port}")
    engine = Engine(served.port, kubeconfig=dead).configure()
    began = time.monotonic()

    def told(_: int) -> str:
        with pytest.raises(Failed) as failed:
            engine.check(CONFIG_MAP, config_map("default", a="b"))
        return str(failed.value)

    with ThreadPoolExecutor(4) as pool:
        messages = set(pool.map(told, range(4)))
    assert len(messages) == 1
    message = messages.pop()
    assert (
        f"Kubernetes API server https://127.0.0.1:{unused_port} (context here) cannot be reached" in message
    )
    assert "refused" in message
    assert time.monotonic() - began < 3


def test_settings_are_refused_by_name(served: Served, region: Region) -> None:
    engine = Engine(served.port, kubeconfig=region.kubeconfig, enableServerSideApply="false")
    with pytest.raises(Failed, match="enableServerSideApply: the sandbox only applies on the server"):
        engine.configure()
