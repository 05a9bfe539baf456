"""Errors of a cloud and of an API server, each caused for real; providers are the sandbox's, on moto."""

from __future__ import annotations

import http.client
import textwrap
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from automation.errors import CloudRefusedError, ConflictError, CredentialsError, Exit
from sandbox.control_plane import ClusterAccess
from sandbox.moto import client
from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.base import serve
from sandbox.providers.kubernetes import KubernetesProvider
from tests.automation.errors.conftest import REGION, Project, answering

# The server of the aws provider's own tests.
from tests.sandbox.aws_provider.conftest import moto

__all__ = ["moto"]

pytestmark = pytest.mark.engine

HEAD = """
import json, pulumi, pulumi_aws as aws
there = aws.Provider("there", region="eu-west-1")
opts = pulumi.ResourceOptions(provider=there)
"""


@contextmanager
def attached(project: Project, endpoint: str, folder: Path) -> Generator[Project]:
    """The project with an aws provider that speaks to `endpoint`."""
    folder.mkdir()
    served = serve(AwsProvider(endpoint, folder))
    try:
        yield Project(project.workspace, {**project.env, "PULUMI_DEBUG_PROVIDERS": f"aws:{served.port}"})
    finally:
        served.stop(0)


@pytest.fixture
def cloud(project: Project, moto: str, tmp_path: Path) -> Iterator[Project]:
    """The project in a cloud that works."""
    with attached(project, moto, tmp_path / "cloud") as made:
        yield made


@pytest.fixture
def in_cluster(project: Project, cluster: ClusterAccess) -> Iterator[Project]:
    """The project with the kubernetes provider."""
    served = serve(KubernetesProvider())
    try:
        yield Project(
            project.workspace, {**project.env, "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{served.port}"}
        )
    finally:
        served.stop(0)


def expired(path: str, asked: str) -> tuple[int, str, str]:
    """What AWS answers once a session is over, in the words of STS and of S3.

    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html,
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
    """
    if "Action" in parse_qs(asked):
        error = "<Type>Sender</Type><Code>ExpiredToken</Code>"
        message = "<Message>The security token included in the request is expired</Message>"
        return 403, "text/xml", f"<ErrorResponse><Error>{error}{message}</Error></ErrorResponse>"
    message = "<Message>The provided token has expired.</Message>"
    return 400, "application/xml", f"<Error><Code>ExpiredToken</Code>{message}</Error>"


def test_expired_credentials_say_how_to_sign_in(project: Project, tmp_path: Path) -> None:
    with answering(expired) as address, attached(project, address, tmp_path / "over") as cloud:
        cloud.write(HEAD + "aws.s3.Bucket('models', opts=opts)\n")
        with pytest.raises(CredentialsError) as caught:
            cloud.stacks().up(REGION)
    text = str(caught.value)
    assert f"up of {REGION} failed: " in text
    assert "The security token included in the request is expired" in text
    assert "cause: the cloud credentials of this run have expired" in text
    assert "`aws sso login`" in text
    assert "`aws sts get-caller-identity`" in text
    assert "what stands is kept" in text
    assert caught.value.exit_code == Exit.ERROR


def test_expired_credentials_of_a_backend_in_a_bucket_are_no_lost_backend(project: Project) -> None:
    with answering(expired) as address:
        place = address.removeprefix("http://")
        url = f"s3://state?endpoint={place}&region=us-east-1&disableSSL=true&s3ForcePathStyle=true"
        with pytest.raises(CredentialsError, match="credentials of this run have expired"):
            project.stacks(PULUMI_BACKEND_URL=url, AWS_SESSION_TOKEN="over").names()


def test_unknown_credentials_and_missing_rights_are_told_apart(cloud: Project, moto: str) -> None:
    iam = client("iam", moto)
    iam.create_user(UserName="reader")
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    known = {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}
    program = """
    import pulumi, pulumi_aws as aws
    there = aws.Provider("there", region="eu-west-1", access_key={access_key!r}, secret_key={secret_key!r})
    aws.sns.Topic("alarms", name="alarms", opts=pulumi.ResourceOptions(provider=there))
    """
    _check_rights(moto, after=0)
    try:
        cloud.write(program.format(access_key="AKIAIOSFODNN7EXAMPLE", secret_key="x" * 40))
        with pytest.raises(CredentialsError, match="the cloud does not know the credentials of this run"):
            cloud.stacks().up(REGION)
        cloud.write(program.format(**known))
        with pytest.raises(CloudRefusedError) as caught:
            cloud.stacks().up(REGION)
    finally:
        _check_rights(moto, after=1_000_000_000)
    text = str(caught.value)
    assert "cause: the role of this run may not do that" in text
    assert "allow it the action sns:CreateTopic" in text
    assert made["SecretAccessKey"] not in text + cloud.logs()


def _check_rights(moto: str, *, after: int) -> None:
    """Have moto ask IAM about every request after so many.

    https://docs.getmoto.org/en/latest/docs/iam.html
    """
    connection = http.client.HTTPConnection(moto.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", "/moto-api/reset-auth", str(after), {"Content-Type": "text/plain"})
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def test_what_is_there_already_is_a_conflict(cloud: Project, moto: str) -> None:
    place = {"LocationConstraint": "eu-west-1"}
    client("s3", moto, "eu-west-1").create_bucket(Bucket="standfast-taken", CreateBucketConfiguration=place)
    cloud.write(HEAD + "aws.s3.Bucket('models', bucket='standfast-taken', opts=opts)\n")
    with pytest.raises(ConflictError) as caught:
        cloud.stacks().up(REGION)
    text = str(caught.value)
    assert "aws:s3/bucket:Bucket models: CreateBucket" in text
    assert "BucketAlreadyOwnedByYou" in text
    assert "cause: it is there already, and this stack has not made it" in text
    assert f"`pulumi import aws:s3/bucket:Bucket models ID --stack {REGION}`" in text


REFUSED = {
    "a policy": (
        """
        bad = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]})
        trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
        role = aws.iam.Role("reader", assume_role_policy=trust, opts=opts)
        aws.iam.RolePolicy("read", role=role.name, policy=bad, opts=opts)
        """,
        "MalformedPolicyDocument",
        "the cloud refuses what is asked of it",
        f"then `standfast check` and `standfast preview {REGION}`",
    ),
    "a name": (
        f"aws.s3.Bucket('models', bucket='{'b' * 64}', opts=opts)",
        "InvalidBucketName",
        "the cloud refuses what is asked of it",
        "Pulumi.us-east.yaml",
    ),
    "a limit": (
        """
        names = [f"region{n}.example.com" for n in range(11)]
        aws.acm.Certificate("entry", domain_name="example.com", validation_method="DNS",
            subject_alternative_names=names, opts=opts)
        """,
        "LimitExceededException",
        "a limit of the account is reached",
        "`standfast check` lists the limits that count",
    ),
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_the_cloud_refuses_is_named_with_what_to_correct(cloud: Project, what: str) -> None:
    program, code, cause, remedy = REFUSED[what]
    cloud.write(HEAD + textwrap.dedent(program) + "\n")
    with pytest.raises(CloudRefusedError) as caught:
        cloud.stacks().up(REGION)
    text = str(caught.value)
    assert f"up of {REGION} failed: aws:" in text
    assert code in text
    assert f"cause: {cause}" in text
    assert remedy in text


def test_fields_that_someone_else_manages_are_a_conflict(in_cluster: Project, cluster: ClusterAccess) -> None:
    program = """
    import pulumi, pulumi_kubernetes as k8s
    there = k8s.Provider("there", kubeconfig={kubeconfig!r}, namespace="default")
    k8s.core.v1.ConfigMap("settings", metadata={{"name": "settings"}}, data={{"colour": "{colour}"}},
        opts=pulumi.ResourceOptions(provider=there))
    """
    kubeconfig = cluster.kubeconfig.read_text()
    in_cluster.write(program.format(kubeconfig=kubeconfig, colour="red"))
    in_cluster.stacks().up(REGION)
    path = "/api/v1/namespaces/default/configmaps/settings"
    change = {"data": {"colour": "blue"}}
    cluster.api().call("PATCH", path, change, content_type="application/merge-patch+json")
    in_cluster.write(program.format(kubeconfig=kubeconfig, colour="green"))
    with pytest.raises(ConflictError) as caught:
        in_cluster.stacks().up(REGION)
    text = str(caught.value)
    assert "kubernetes:core/v1:ConfigMap settings" in text
    assert ".data.colour" in text
    assert "cause: someone else manages fields that this stack sets" in text
    assert "kubectl get KIND NAME --show-managed-fields" in text
