"""What regions, zones and peers see of each other while something is broken, asked over TCP from inside."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from drills.traffic.target import PodFault
from sandbox.errors import SandboxError
from sandbox.host import Command
from sandbox.network.faults import NetworkFaults, faults_file
from tests.sandbox.network.conftest import PLAN, Network

pytestmark = pytest.mark.engine

PROBE = Path(__file__).with_name("probe.py")
PODS = {"ua": "198.18.0.7:8080", "ub": "198.18.16.7:8080"}
GATEWAYS = {name: f"{region.east_west_gateway}:15443" for name, region in PLAN.regions.items()}
ASK = """
import sys, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=0.7).read()
except OSError as error:
    print(error)
"""


@pytest.fixture(scope="module", autouse=True)
def servers(network: Network) -> Iterator[None]:
    """A server for each zone of us-east and for each region's gateway."""
    where = {
        "pods-us-east-ua": ("us-east", PODS["ua"]),
        "pods-us-east-ub": ("us-east", PODS["ub"]),
        "eastwestgateway-us-east": ("us-east", GATEWAYS["us-east"]),
        "eastwestgateway-eu-west": ("eu-west", GATEWAYS["eu-west"]),
    }
    for name, (region, address) in where.items():
        argv = [sys.executable, str(PROBE), "serve", address]
        network.namespaces[region].start(Command(name=name, argv=argv))
    deadline = time.monotonic() + 10
    while not all(network.paths.log(name).read_text() == "ready\n" for name in where):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield
    for name in where:
        network.processes.stop(name)


@pytest.fixture(autouse=True)
def healed(network: Network) -> Iterator[None]:
    yield
    network.faults.heal_all()


def ask(network: Network, namespace: str, *addresses: str) -> list[str]:
    return network.namespaces[namespace].run([sys.executable, str(PROBE), "ask", *addresses]).split()


def everything(network: Network) -> dict[str, list[str]]:
    asked = [*PODS.values(), *GATEWAYS.values()]
    return {name: ask(network, name, *asked) for name in network.namespaces.names}


def whole() -> dict[str, list[str]]:
    answers = [address.partition(":")[0] for address in (*PODS.values(), *GATEWAYS.values())]
    return dict.fromkeys(("world", *PLAN.regions), answers)


def test_a_zone_that_is_cut_falls_silent_for_all_and_comes_back(network: Network):
    assert everything(network) == whole()
    network.faults.cut_zone("us-east", "ua")
    network.faults.cut_zone("us-east", "ua")
    for namespace in network.namespaces.names:
        assert ask(network, namespace, *PODS.values()) == ["silent", "198.18.16.7"], namespace
    process = network.processes.find("pods-us-east-ua")
    assert process is not None
    assert process.status() == psutil.STATUS_STOPPED
    network.faults.restore_zone("us-east", "ua")
    network.faults.restore_zone("us-east", "ua")
    assert everything(network) == whole()


def test_a_region_that_is_cut_falls_silent_and_its_inside_lives(network: Network):
    network.faults.cut_region("us-east")
    network.faults.cut_region("us-east")
    assert ask(network, "world", PODS["ua"], GATEWAYS["us-east"]) == ["silent", "silent"]
    assert ask(network, "eu-west", GATEWAYS["us-east"]) == ["silent"]
    assert ask(network, "world", GATEWAYS["eu-west"]) == ["100.64.1.21"]
    assert ask(network, "us-east", PODS["ua"], GATEWAYS["us-east"]) == ["198.18.0.7", "100.64.0.21"]
    network.faults.restore_region("us-east")
    assert everything(network) == whole()


def test_a_partition_parts_two_regions_and_not_the_world(network: Network):
    network.faults.partition("us-east", "eu-west")
    network.faults.partition("eu-west", "us-east")
    assert ask(network, "eu-west", PODS["ub"], GATEWAYS["us-east"]) == ["silent", "silent"]
    assert ask(network, "us-east", GATEWAYS["eu-west"]) == ["silent"]
    assert ask(network, "world", *GATEWAYS.values()) == ["100.64.0.21", "100.64.1.21"]
    network.faults.heal_partition("eu-west", "us-east")
    assert everything(network) == whole()


def reach(network: Network, namespace: str, port: int) -> str:
    """ "" when the machine answers inside on that port, else what is wrong."""
    argv = network.namespaces[namespace].entering(
        [sys.executable, "-I", "-c", ASK, f"http://127.0.0.1:{port}/"]
    )
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def test_a_lost_region_api_server_is_silent_for_its_peers_alone(network: Network, outside: dict[str, int]):
    network.faults.cut_region("us-east")
    assert "timed out" in reach(network, "eu-west", outside["us-east"])
    assert "timed out" in reach(network, "us-east", outside["eu-west"])
    assert reach(network, "eu-west", outside["eu-west"]) == ""
    assert reach(network, "us-east", outside["us-east"]) == ""
    assert reach(network, "us-east", outside["moto"]) == ""
    assert reach(network, "world", outside["us-east"]) == ""
    network.faults.restore_region("us-east")
    assert reach(network, "eu-west", outside["us-east"]) == ""


def test_an_open_connection_falls_silent_and_is_closed_when_the_region_is_back(
    network: Network, outside: dict[str, int]
):
    asking = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(b"GET / HTTP/1.0\\r\\n")
print("open", flush=True)
sys.stdin.readline()
connection.settimeout(0.7)
try:
    connection.sendall(b"\\r\\n")
    print(connection.recv(10) or "closed", flush=True)
except TimeoutError:
    print("silent", flush=True)
sys.stdin.readline()
connection.settimeout(5)
print(connection.recv(10) or "closed", flush=True)
"""
    argv = network.namespaces["eu-west"].entering(
        [sys.executable, "-u", "-c", asking, str(outside["us-east"])]
    )
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def step() -> str:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("\n")
            child.stdin.flush()
            return child.stdout.readline().strip()

        assert child.stdout.readline() == "open\n"
        network.faults.cut_region("us-east")
        assert step() == "silent"
        network.faults.restore_region("us-east")
        assert step() == "closed"


def test_several_faults_overlap_and_another_process_mends_them_all(network: Network):
    network.faults.cut_region("us-east")
    network.faults.cut_zone("us-east", "ub")
    network.faults.partition("us-east", "eu-west")
    network.faults.restore_region("us-east")
    assert ask(network, "world", *PODS.values()) == ["198.18.0.7", "silent"]
    assert ask(network, "eu-west", PODS["ua"]) == ["silent"]
    other = NetworkFaults(network.paths, PLAN)
    assert other.broken().zones == {("us-east", "ub")}
    other.heal_all()
    assert everything(network) == whole()
    assert other.broken() == type(other.broken())()


def test_what_was_written_down_and_never_done_is_mended_too(network: Network):
    network.namespaces["us-east"].ip(["route del local 198.18.0.0/20 dev lo table local"])
    network.processes.signal("pods-us-east-ub", signal.SIGSTOP)
    network.faults.heal_all()
    assert everything(network) == whole()


def test_unknown_names_are_refused(network: Network):
    with pytest.raises(SandboxError, match="no region 'mars'; its regions: us-east, eu-west"):
        network.faults.cut_region("mars")
    with pytest.raises(SandboxError, match="no zone 'ea' in 'us-east'; its zones there: ua, ub"):
        network.faults.cut_zone("us-east", "ea")
    with pytest.raises(SandboxError, match="parted from itself"):
        network.faults.partition("us-east", "us-east")


def test_faults_of_pods_are_written_for_the_process_that_answers_for_them(network: Network):
    network.faults.pod_faults("eu-west", "ea", {"*": PodFault(error_rate=0.5)})
    assert '"error_rate": 0.5' in faults_file(network.paths, "eu-west", "ea").read_text()
    network.faults.heal_all()
    assert faults_file(network.paths, "eu-west", "ea").read_text() == '{"pods": {}}'
