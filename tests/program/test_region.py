"""Both regions as the stack files say them: conventions over all components, and every resource by its URN.

The lists in ``golden/`` make a rename visible: a resource whose URN changes is replaced, unless it carries an
alias of its old one. ``python -m tests.program.test_region`` writes them anew.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.program.conventions import faults
from tests.program.recording import Recording
from tests.program.regions import outputs_of, record_region

GOLDEN = Path(__file__).parent / "golden"
PEERS = {"us-east": "eu-west", "eu-west": "us-east"}


@pytest.fixture(scope="module")
def alone() -> dict[str, Recording]:
    """Each region with no peer joined yet."""
    return {name: record_region(name) for name in PEERS}


@pytest.fixture(scope="module")
def joined(alone: dict[str, Recording]) -> dict[str, Recording]:
    """Each region once its peer has come up."""
    return {name: record_region(name, {peer: outputs_of(alone[peer])}) for name, peer in PEERS.items()}


def urns(recording: Recording) -> list[str]:
    """The URNs without stack and project, sorted."""
    return sorted("::".join(resource.urn.split("::")[2:]) for resource in recording.resources)


@pytest.mark.parametrize("name", PEERS)
def test_every_convention_holds_over_the_whole_region(
    name: str, alone: dict[str, Recording], joined: dict[str, Recording]
) -> None:
    assert faults(alone[name]) == []
    assert faults(joined[name]) == []


@pytest.mark.parametrize("name", PEERS)
def test_a_region_says_whom_it_has_joined(
    name: str, alone: dict[str, Recording], joined: dict[str, Recording]
) -> None:
    assert alone[name].exports["joinedPeers"] == []
    assert joined[name].exports["joinedPeers"] == [PEERS[name]]


@pytest.mark.parametrize("name", PEERS)
def test_joining_takes_nothing_away(
    name: str, alone: dict[str, Recording], joined: dict[str, Recording]
) -> None:
    assert set(urns(alone[name])) - set(urns(joined[name])) == set()


@pytest.mark.parametrize("name", PEERS)
def test_every_kubernetes_object_waits_for_nodes(name: str, joined: dict[str, Recording]) -> None:
    recording = joined[name]
    nodes = recording.named("cluster-system-nodes")
    objects = [r for r in recording.resources if r.type.startswith("kubernetes:")]
    provider = recording.one("pulumi:providers:kubernetes")
    assert objects
    assert recording.before(nodes, provider)
    assert {r.provider.rpartition("::")[0] for r in objects} == {provider.urn}


@pytest.mark.parametrize("name", PEERS)
def test_aws_is_asked_for_nothing_outside_the_region_but_route_53s_alarms(
    name: str, joined: dict[str, Recording]
) -> None:
    recording = joined[name]
    location = recording.one("pulumi:providers:aws").inputs["region"]
    elsewhere = {
        r.inputs["region"]
        for r in recording.resources
        if r.type.startswith("aws:") and r.inputs.get("region", location) != location
    }
    assert elsewhere <= {"us-east-1"}


def _texts(value: Any) -> str:
    """Every text of an object's inputs, those of a Secret's ``data`` decoded too."""
    if isinstance(value, dict):
        return "\n".join(_texts(inner) for inner in value.values())
    if isinstance(value, list):
        return "\n".join(_texts(inner) for inner in value)
    try:
        return f"{value}\n{base64.b64decode(str(value), validate=True).decode()}"
    except ValueError:
        return str(value)


@pytest.mark.parametrize("name", PEERS)
def test_the_mesh_key_and_the_peers_token_are_marked_secret_wherever_they_go(
    name: str, joined: dict[str, Recording]
) -> None:
    recording = joined[name]
    key = _texts(recording.object("Secret", "cacerts")["data"]["ca-key.pem"]).partition("\n")[2].strip()
    for secret in (key, joined[PEERS[name]].exports["remoteReaderToken"]):
        holders = [r for r in recording.resources if r.custom and not r.read and secret in _texts(r.inputs)]
        assert holders
        assert [holder.name for holder in holders if not holder.secret_inputs] == []


@pytest.mark.parametrize("name", PEERS)
def test_no_resource_was_renamed(name: str, joined: dict[str, Recording]) -> None:
    known = (GOLDEN / f"{name}.txt").read_text().splitlines()
    now = urns(joined[name])
    gone, new = sorted(set(known) - set(now)), sorted(set(now) - set(known))
    assert (gone, new) == ([], []), "alias what was renamed, then `python -m tests.program.test_region`"


def write_golden() -> None:
    """Write the lists of both regions, each with its peer joined."""
    GOLDEN.mkdir(exist_ok=True)
    first = {name: outputs_of(record_region(name)) for name in PEERS}
    for name, peer in PEERS.items():
        (GOLDEN / f"{name}.txt").write_text("\n".join(urns(record_region(name, {peer: first[peer]}))) + "\n")


if __name__ == "__main__":
    write_golden()
