"""Namespaces, links, addresses and the management link, as seen from inside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from sandbox.errors import SandboxError
from sandbox.host import Command
from sandbox.network import names
from sandbox.network.namespace import listening
from sandbox.network.namespaces import Namespaces
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from tests.sandbox.network.conftest import PLAN, Network

pytestmark = pytest.mark.engine


def test_each_namespace_has_its_addresses_and_its_own_names(network: Network):
    world = network.namespaces["world"]
    found = json.loads(world.run(["ip", "-j", "addr"]))
    addresses = {entry["local"] for link in found for entry in link["addr_info"]}
    assert {region.router for region in PLAN.regions.values()} < addresses
    assert world.run(["cat", "/etc/resolv.conf"]) == "nameserver 100.127.255.53\n"
    assert network.namespaces["us-east"].run(["cat", "/etc/resolv.conf"]) == "nameserver 127.0.0.1\n"
    assert "istiod.istio-system.svc" in network.namespaces["eu-west"].run(["cat", "/etc/hosts"])
    assert "istiod" not in Path("/etc/hosts").read_text()


def test_what_is_there_stays(network: Network):
    holder = network.namespaces["us-east"].holder
    assert network.namespaces.up() is False
    assert network.namespaces["us-east"].holder == holder


def test_a_started_program_is_the_recorded_process_itself(network: Network):
    record = network.namespaces["eu-west"].start(Command(name="balancers-eu-west", argv=["sleep", "60"]))
    assert record.address == PLAN.regions["eu-west"].address
    process = psutil.Process(record.pid)
    deadline = time.monotonic() + 5
    while process.name() != "sleep" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (process.name(), process.children()) == ("sleep", [])
    inside = os.readlink(f"/proc/{record.pid}/ns/net")  # noqa: PTH115 - a kernel object, no path
    assert inside == os.readlink(f"/proc/{network.namespaces['eu-west'].holder}/ns/net")  # noqa: PTH115
    network.processes.signal("balancers-eu-west", signal.SIGSTOP)
    assert network.processes.stop("balancers-eu-west")


def test_the_machine_answers_inside_at_the_same_address_and_port(network: Network, outside: dict[str, int]):
    ask = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode(), end='')"
    for name in network.namespaces.names:
        for port in outside.values():
            argv = [sys.executable, "-I", "-c", ask, f"http://127.0.0.1:{port}/"]
            assert network.namespaces[name].run(argv) == str(port)


def test_a_free_port_is_none_that_is_listened_on(network: Network, outside: dict[str, int]):
    region = network.namespaces["us-east"]
    assert set(outside.values()) <= listening(region.holder)
    assert region.free_port() not in listening(region.holder)


def test_unknown_names_are_refused(network: Network):
    with pytest.raises(SandboxError, match="there are: world, us-east, eu-west"):
        network.namespaces["mars"]


def test_a_namespace_that_is_not_there_says_how_it_comes():
    absent = Namespaces(SandboxPaths.of(f"test-none-{uuid.uuid4().hex[:6]}"), PLAN)
    with pytest.raises(SandboxError, match="up --network"):
        absent["world"].run(["true"])


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, paths: SandboxPaths):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "nsenter" else f"/usr/bin/{name}")
    fresh = SandboxPaths.of(f"test-none-{uuid.uuid4().hex[:6]}")
    with pytest.raises(SandboxError, match=r"nsenter.*install util-linux"):
        Namespaces(fresh, PLAN).up()


def test_a_killed_holder_takes_its_namespace_along_and_up_makes_all_anew(network: Network):
    del network
    paths = SandboxPaths.of(f"test-net-{os.getpid()}-{uuid.uuid4().hex[:6]}")
    paths.create()
    try:
        namespaces, processes = Namespaces(paths, PLAN), Processes(paths)
        assert namespaces.up()
        before = namespaces["world"].holder
        processes.signal(names.holder("us-east"), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while namespaces.whole() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert namespaces.up()
        assert namespaces["world"].holder != before
        assert processes.stop_all(grace=1.0) == len(namespaces.names)
    finally:
        Processes(paths).stop_all(grace=1.0)
        shutil.rmtree(paths.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all of these tests without root anyway")
def test_an_ordinary_user_gets_the_same_network(tmp_path: Path):
    """The whole of it as another user, in a user namespace."""
    checkout = Path(__file__).resolve().parents[3]
    script = """
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
paths = SandboxPaths.of("test-rootless"); paths.create()
try:
    namespaces = Namespaces(paths, NetworkPlan.of({"us-east": ["ua", "ub"], "eu-west": ["ea", "eb"]}))
    namespaces.up()
    print(namespaces["world"].run(["ip", "route", "get", "198.18.0.9"]).split()[2])
    print(namespaces["us-east"].run(["cat", "/etc/resolv.conf"]).strip())
    print(namespaces.up())
finally:
    print(Processes(paths).stop_all(grace=1.0))
"""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108
            folder.chmod(folder.stat().st_mode | 0o011)
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-P", "-c", script]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(checkout)}
    ended = subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "Permission denied" in ended.stderr and str(checkout) in ended.stderr:
        pytest.skip("this checkout is not readable by others")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("\n") == ["100.64.0.2", "nameserver 127.0.0.1", "False", "4", ""]
