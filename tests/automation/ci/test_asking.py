"""What the doctor makes of the answers of Route 53 and of an API server, and of their absence."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from lightkube import ApiError
from lightkube.models.meta_v1 import Status
from moto import mock_aws

from automation.ci.asking import Doctor
from automation.ci.errors import CiError
from automation.mesh_ca import make_root
from automation.project import platform
from automation.targets import Reach, checkout

WHOLE = platform(checkout())
ZONES = ["us-east-1a"]
ENTRY = "inference.example.com."
CA = base64.b64encode(make_root("standfast").certificate.encode()).decode()


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with the platform's zone, in this process."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client: Any = boto3.client("route53")
        client.create_hosted_zone(Name="example.com.", CallerReference="one")
        yield client


def record(client: Any, region: str, check: str = "") -> None:
    [zone] = client.list_hosted_zones()["HostedZones"]
    entry = {
        "Name": ENTRY,
        "Type": "CNAME",
        "TTL": 30,
        "SetIdentifier": region,
        "Region": "us-east-1",
        "ResourceRecords": [{"Value": "lb.example.com"}],
        **({"HealthCheckId": check} if check else {}),
    }
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": entry}]}
    client.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=change)


def checked(client: Any) -> str:
    made = client.create_health_check(
        CallerReference="one",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "us-east.example.com", "Port": 443},
    )
    return made["HealthCheck"]["Id"]


class Cluster:
    """Answers as an API server that has nothing, or that refuses."""

    def __init__(self, code: int) -> None:
        self._code = code

    def get(self, *_: Any, **__: Any) -> Any:
        raise ApiError(status=Status(code=self._code, message="no", status="Failure"))

    def list(self, *_: Any) -> list[Any]:
        return []


def doctor(cluster: Cluster | None, **reach: Any) -> Doctor:
    made = Doctor(WHOLE, Reach(**reach))
    if cluster is not None:
        made._clusters["us-east"] = cluster  # pyright: ignore[reportPrivateUsage]
    return made


def outputs(endpoint: str = "https://127.0.0.1:1") -> dict[str, Any]:
    return {"zones": ZONES, "cluster": {"name": "standfast-us-east", "endpoint": endpoint, "ca": CA}}


def test_the_check_is_the_one_that_takes_the_region_out_of_the_shared_name(dns: Any) -> None:
    record(dns, "eu-west")
    record(dns, "us-east", checked(dns))
    health = doctor(Cluster(404)).ask("us-east", outputs())
    assert health.dns == "1 of 1 checkers reach the region"
    assert health.faults == (
        "Deployment inference-service is not there",
        "zone us-east-1a: none of 0 GPU nodes is ready",
    )


def test_a_record_without_a_check_is_a_fault_also_where_moto_answers(dns: Any) -> None:
    record(dns, "us-east")
    faults = doctor(Cluster(404), dns_stand_in="moto answers").ask("us-east", outputs()).faults
    assert faults[-1] == "DNS: inference.example.com has no record of us-east with a check"


def test_an_account_without_the_zone_has_no_record(dns: Any) -> None:
    [zone] = dns.list_hosted_zones()["HostedZones"]
    dns.delete_hosted_zone(Id=zone["Id"])
    assert (
        doctor(Cluster(404))
        .ask("us-east", outputs())
        .faults[-1]
        .startswith("DNS: inference.example.com has no")
    )


def plugin(folder: Path, answer: str) -> dict[str, str]:
    """An environment whose `aws` answers so."""
    command = folder / "aws"
    command.write_text(f'#!/bin/sh\necho "$*" >> {folder}/asked\n{answer}\n')
    command.chmod(0o755)
    return {"PATH": str(folder)}


def test_an_api_server_that_is_not_there_is_a_fault_and_is_asked_with_the_callers_identity(
    dns: Any, tmp_path: Path
) -> None:
    record(dns, "us-east", checked(dns))
    env = plugin(tmp_path, """echo '{"status": {"token": "t"}}'""")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{bound.getsockname()[1]}"
        [fault] = doctor(None, proxies=False, env=env).ask("us-east", outputs(endpoint)).faults
    assert fault == "its API server: it cannot be asked ([Errno 111] Connection refused)"
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:2] == ["eks", "get-token"]
    assert "standfast-us-east" in asked


def test_a_plugin_that_fails_is_a_fault_that_says_why(dns: Any, tmp_path: Path) -> None:
    record(dns, "us-east", checked(dns))
    env = plugin(tmp_path, "echo no profile >&2; exit 255")
    [fault] = doctor(None, proxies=False, env=env).ask("us-east", outputs()).faults
    assert "no profile" in fault


@pytest.mark.parametrize("code", [401, 403])
def test_an_api_server_that_refuses_the_caller_is_not_waited_for(dns: Any, code: int) -> None:
    record(dns, "us-east", checked(dns))
    with pytest.raises(CiError, match="name its role under `admins`"):
        doctor(Cluster(code)).ask("us-east", outputs())


def test_a_caller_without_credentials_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CiError, match="GetHealthCheckStatus"):
        doctor(Cluster(404)).ask("us-east", outputs())
