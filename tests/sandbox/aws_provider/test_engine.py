"""The provider under the real Pulumi engine: a small program through its life."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.engine import engine_environment, write_executables
from sandbox.paths import SandboxPaths
from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.base import serve
from sandbox.tools import ensure
from tests.sandbox.aws_provider.driver import Driver

pytestmark = pytest.mark.engine

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

provider = aws.Provider(
    "aws",
    region="us-east-1",
    allowed_account_ids=["{account}"],
    default_tags=aws.ProviderDefaultTagsArgs(tags={{"platform": "standfast"}}),
)
opts = pulumi.ResourceOptions(provider=provider)
trust = {{"Effect": "Allow", "Principal": {{"Service": "ec2.amazonaws.com"}}, "Action": "sts:AssumeRole"}}
role = aws.iam.Role(
    "reader", assume_role_policy=json.dumps({{"Version": "2012-10-17", "Statement": [trust]}}), opts=opts
)
bucket = aws.s3.Bucket("models", bucket="standfast-engine-models", tags={{"Name": "{tag}"}}, opts=opts)
aws.s3.BucketVersioning(
    "versions", bucket=bucket.id, versioning_configuration={{"status": "Enabled"}}, opts=opts
)
read = {{"Effect": "Allow", "Action": "s3:GetObject", "Resource": bucket.arn.apply(lambda arn: f"{{arn}}/*")}}
policy = pulumi.Output.json_dumps({{"Version": "2012-10-17", "Statement": [read]}})
aws.iam.RolePolicy("read", role=role.name, policy=policy, opts=opts)
aws.sns.Topic("abroad", name="standfast-engine", region="eu-west-1", opts=opts)
pulumi.export("arn", bucket.arn)
pulumi.export("role", role.name)
"""


@dataclass(kw_only=True)
class Stack:
    folder: Path
    environment: dict[str, str]

    def write(self, *, tag: str = "models", account: str = "123456789012") -> None:
        self.folder.joinpath("__main__.py").write_text(PROGRAM.format(tag=tag, account=account))

    def run(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=180,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout
        return done.stdout

    def up(self, *, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", "--diff", fails=fails)


@pytest.fixture
def stack(provider: AwsProvider, tmp_path: Path) -> Iterator[Stack]:
    paths = SandboxPaths.of(f"aws-provider-test-{secrets.token_hex(4)}")
    paths.create()
    served = serve(provider)
    try:
        write_executables(paths, ensure(["pulumi"]).program("pulumi"), own_hosts=True)
        environment = engine_environment(paths, passphrase="test", providers={"aws": served.port})
        environment["PULUMI_BACKEND_URL"] = f"file://{tmp_path / 'state'}"
        for folder in ("state", "program"):
            (tmp_path / folder).mkdir()
        stack = Stack(folder=tmp_path / "program", environment=environment)
        stack.folder.joinpath("Pulumi.yaml").write_text("name: small\nruntime: python\n")
        stack.write()
        stack.run("stack", "init", "test")
        yield stack
        stack.write()
        stack.run("destroy", "--yes", "--skip-preview")
    finally:
        served.stop(0)
        shutil.rmtree(paths.root, ignore_errors=True)


def test_up_again_refresh_drift_change_and_destroy(stack: Stack, driver: Driver) -> None:
    assert "+ 7 to create" in stack.run("preview")
    stack.up()
    assert stack.run("stack", "output", "arn").strip() == "arn:aws:s3:::standfast-engine-models"
    assert stack.run("stack", "output", "role").startswith("reader-")
    assert "7 unchanged" in stack.up()
    assert "unchanged" in stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    s3 = driver.aws("s3")
    suspended = {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket="standfast-engine-models", VersioningConfiguration=suspended)
    drift = stack.run("refresh", "--yes", "--skip-preview", "--diff")
    assert '"Enabled" => "Suspended"' in drift
    assert "1 updated" in stack.up()
    assert s3.get_bucket_versioning(Bucket="standfast-engine-models")["Status"] == "Enabled"

    stack.write(tag="registry")
    assert "1 updated" in stack.up()
    tags = s3.get_bucket_tagging(Bucket="standfast-engine-models")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"Name": "registry", "platform": "standfast"}

    s3.delete_bucket(Bucket="standfast-engine-models")
    stack.run("refresh", "--yes", "--skip-preview")
    assert "2 created" in stack.up()

    stack.run("destroy", "--yes", "--skip-preview")
    assert s3.list_buckets()["Buckets"] == []
    assert driver.aws("iam").list_roles()["Roles"] == []
    assert driver.aws("sns", "eu-west-1").list_topics()["Topics"] == []


def test_a_foreign_account_stops_everything(stack: Stack, driver: Driver) -> None:
    stack.write(account="111111111111")
    said = stack.up(fails=True)
    assert "account 123456789012" in said
    assert "allowedAccountIds (111111111111)" in said
    assert driver.aws("s3").list_buckets()["Buckets"] == []
