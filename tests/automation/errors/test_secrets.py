"""A secret is planted in the configuration and in resources' inputs, and looked for wherever a run speaks."""

from __future__ import annotations

import base64
import io
import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import EngineEvent

from automation.ci.recording import Recorder
from automation.errors import CloudRefusedError, EngineError
from automation.mesh_ca import make_root
from automation.stacks import Stacks
from sandbox.control_plane import ClusterAccess
from sandbox.progress import Display
from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.base import serve
from sandbox.providers.kubernetes import KubernetesProvider
from tests.automation.errors.conftest import REGION, Project, answering

pytestmark = pytest.mark.engine

KEY = make_root("standfast").key.strip()
OWN = "hush-4711-planted"
PASSPHRASE = "open sesame"
# The key whole, each of its lines, and the middle of its base64, however it is cut.
FORMS = (
    KEY,
    json.dumps(KEY)[1:-1],
    *(line for line in KEY.splitlines() if "-----" not in line),
    base64.b64encode(KEY.encode()).decode()[60:100],
    OWN,
    base64.b64encode(OWN.encode()).decode().rstrip("="),
    PASSPHRASE,
)

HEAD = """
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
key = pulumi.Config().require_secret("key")
own = pulumi.Output.secret({own!r})
kube = pulumi.ResourceOptions(provider=k8s.Provider("kube", kubeconfig={kubeconfig!r}, namespace="default"))
cloud = pulumi.ResourceOptions(provider=aws.Provider("cloud", region="us-east-1"))
"""
SOUND = """
texts = {"ca-key.pem": key, "own": own}
k8s.core.v1.Secret("cacerts", metadata={"name": "cacerts"}, string_data=texts, opts=kube)
key.apply(lambda text: print(text))
pulumi.export("key", key)
pulumi.export("own", own)
"""
FAILING = {
    "an API server that names a value": (
        'k8s.core.v1.Service("v", metadata={"name": "v"}, spec={"type": own}, opts=kube)',
        "spec.type: Unsupported value",
    ),
    "an API server that names a key": (
        'k8s.core.v1.ConfigMap("v", metadata={"name": "w", "labels": {"own": own, "key": key}}, opts=kube)',
        "metadata.labels: Invalid value",
    ),
    "a cloud that repeats the request": (
        'aws.sns.Topic("t", name=own, opts=cloud)',
        "CreateTopic of aws:sns/topic:Topic 't': InvalidParameter",
    ),
    "a provider that checks the value itself": (
        'aws.s3.Bucket("b", bucket="x", object_lock_enabled=own, opts=cloud)',
        "",
    ),
    "a program that ends with it": ("key.apply(lambda text: exec('raise ValueError(text)'))", ""),
}


def echoing(path: str, asked: str) -> tuple[int, str, str]:
    """An account whose SNS repeats in its error what it was asked."""
    if "GetCallerIdentity" in asked:
        who = "<Arn>arn:aws:iam::123456789012:root</Arn><UserId>1</UserId><Account>123456789012</Account>"
        result = f"<GetCallerIdentityResult>{who}</GetCallerIdentityResult>"
        return 200, "text/xml", f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"
    message = f"<Message>Invalid parameter: {asked.replace('&', '&amp;')}</Message>"
    error = f"<Error><Type>Sender</Type><Code>InvalidParameter</Code>{message}</Error>"
    return 400, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"


@pytest.fixture
def planted(project: Project, cluster: ClusterAccess, tmp_path: Path) -> Iterator[Project]:
    """A project with the key in its stack's configuration, and with both providers."""
    project.stacks().set_secret(REGION, "key", KEY)
    (tmp_path / "aws").mkdir()
    with answering(echoing) as address:
        served = {
            "kubernetes": serve(KubernetesProvider()),
            "aws": serve(AwsProvider(address, tmp_path / "aws")),
        }
        ports = ",".join(f"{name}:{each.port}" for name, each in served.items())
        try:
            yield Project(project.workspace, {**project.env, "PULUMI_DEBUG_PROVIDERS": ports})
        finally:
            for each in served.values():
                each.stop(0)


class Run:
    """Everything that a run says to anybody: the terminal, the logs, the events, the outputs, the errors."""

    def __init__(self, project: Project, cluster: ClusterAccess) -> None:
        self.project = project
        self.kubeconfig = cluster.kubeconfig.read_text()
        self.terminal = io.StringIO()
        self.events: list[EngineEvent] = []
        self.recorders: list[Recorder] = []
        self.said: list[str] = []

    def both(self, program: str) -> list[EngineError]:
        """Preview and up of a program; the errors that they end with."""
        head = HEAD.format(own=OWN, kubeconfig=self.kubeconfig)
        (self.project.workspace.folder / "__main__.py").write_text(head + program + "\n")
        failed: list[EngineError] = []
        with Display(self.terminal) as display:
            place = replace(self.project.workspace, env=self.project.env)
            stacks = Stacks(place, display, note_every=0.0)
            # What a pipeline's verdict is made of.
            planned, drifted = Recorder(), Recorder()
            self.recorders += [planned, drifted]

            def watched(recorder: Recorder) -> Callable[[EngineEvent], None]:
                return lambda event: (self.events.append(event), recorder.record(event))[0]

            for operation in (
                lambda: stacks.preview(REGION, watch=watched(planned)),
                lambda: stacks.up(REGION),
                lambda: failed or stacks.refresh(REGION, preview_only=True, watch=watched(drifted)),
            ):
                try:
                    self.said.append(repr(operation()))
                except EngineError as error:
                    failed.append(error)
                    self.said += [str(error), repr(error), *traceback.format_exception(error)]
            self.said.append(repr(stacks.outputs(REGION)))
        return failed

    def everything(self) -> str:
        parts = [self.terminal.getvalue(), self.project.logs(), *self.said, *map(told, self.events)]
        for recorder in self.recorders:
            parts.append(repr(vars(recorder)))
        return "\n".join(parts)


def told(value: Any) -> str:
    """An event with all that is in it."""
    if isinstance(value, dict):
        return " ".join(f"{told(key)}={told(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(told, value))
    return told(vars(value)) if hasattr(value, "__dict__") and not isinstance(value, Enum) else str(value)


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


def test_a_planted_secret_is_found_by_this_test() -> None:
    assert leaks(f"key: {KEY}") == [KEY, *KEY.splitlines()[1:-1]]
    assert leaks(f"Value '{OWN}' at 'name'") == [OWN]


def test_a_run_that_goes_well_shows_no_secret(planted: Project, cluster: ClusterAccess) -> None:
    run = Run(planted, cluster)
    assert not run.both(SOUND)
    text = run.everything()
    assert leaks(text) == []
    # The program printed the key, and what it printed was looked at.
    assert "[secret]" in planted.logs()
    assert "create: kubernetes:core/v1:Secret cacerts" in planted.logs()
    # The state holds it, sealed.
    assert not [form for form in FORMS for path in planted.state.rglob("*.json*") if form in path.read_text()]
    live = cluster.api().get("/api/v1/namespaces/default/secrets/cacerts")
    assert base64.b64decode(live["data"]["ca-key.pem"]).decode() == KEY
    assert base64.b64decode(live["data"]["own"]).decode() == OWN


@pytest.mark.parametrize("how", FAILING)
def test_a_run_that_fails_over_a_secret_shows_none(
    planted: Project, cluster: ClusterAccess, how: str
) -> None:
    program, kept = FAILING[how]
    run = Run(planted, cluster)
    failed = run.both(program)
    assert failed
    assert leaks(run.everything()) == []
    assert any(kept in str(error) for error in failed)
    if kept:
        assert any(isinstance(error, CloudRefusedError) for error in failed)
