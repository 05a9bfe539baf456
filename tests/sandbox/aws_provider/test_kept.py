"""What moto lacks or forgets behaves as AWS documents it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.providers.aws.errors import CallFailedError
from sandbox.providers.base import InitFailedError
from tests.sandbox.aws_provider.driver import Driver
from tests.sandbox.aws_provider.ground import (
    ACCOUNT,
    ROLE,
    bucket,
    certificate,
    cluster,
    cluster_inputs,
    role,
    zone,
)
from tests.sandbox.aws_provider.samples_storage import replication

REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def error_of(caught: pytest.ExceptionInfo[BaseException]) -> str:
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_replication_is_read_as_it_was_sent_until_somebody_changes_it(driver: Driver) -> None:
    inputs = replication(driver)
    made = driver.create(REPLICATION, "replication", inputs)
    forgetful = driver.aws("s3").get_bucket_replication(Bucket=made.id)["ReplicationConfiguration"]["Rules"][
        0
    ]
    assert "SourceSelectionCriteria" not in forgetful
    assert forgetful["DeleteMarkerReplication"]["Status"] == "Disabled"
    s3 = driver.session.client("s3")
    whole = s3.get_bucket_replication(Bucket=made.id)["ReplicationConfiguration"]["Rules"][0]
    assert whole["SourceSelectionCriteria"]["ReplicaModifications"] == {"Status": "Enabled"}
    assert whole["DeleteMarkerReplication"] == {"Status": "Enabled"}

    changed = {**forgetful, "Status": "Disabled"}
    driver.aws("s3").put_bucket_replication(
        Bucket=made.id, ReplicationConfiguration={"Role": ROLE, "Rules": [changed]}
    )
    live = driver.read(made)
    assert live is not None
    assert live.outputs["rules"][0]["status"] == "Disabled"


def test_what_is_kept_of_a_bucket_goes_with_the_bucket(driver: Driver) -> None:
    made = driver.create(REPLICATION, "replication", replication(driver))
    metric = {"bucket": made.id, "name": "EntireBucket"}
    kept = driver.create("aws:s3/bucketMetric:BucketMetric", "metric", metric)
    driver.aws("s3").delete_bucket(Bucket=made.id)
    assert driver.read(made) is None
    assert driver.read(kept) is None
    assert driver.session.clients.store.everything() == []


@pytest.fixture
def api_server(driver: Driver) -> Any:
    """The file in which the sandbox says where a location's API server is."""
    path = driver.session.clients.directory / "eks.json"
    ca = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
    server = {"endpoint": "https://127.0.0.1:6443", "ca": ca, "zones": ["us-east-1a"]}
    path.write_text(json.dumps({"us-east-1": server}))
    yield server
    path.unlink()


def test_a_clusters_endpoint_is_the_real_api_servers(driver: Driver, api_server: dict[str, Any]) -> None:
    made = driver.create("aws:eks/cluster:Cluster", "cluster", cluster_inputs(driver))
    assert made.outputs["endpoint"] == api_server["endpoint"]
    assert made.outputs["certificateAuthority"] == {"data": api_server["ca"]}


def test_a_cluster_has_a_security_group_of_its_own(driver: Driver) -> None:
    made = driver.create("aws:eks/cluster:Cluster", "cluster", cluster_inputs(driver))
    group = made.outputs["vpcConfig"]["clusterSecurityGroupId"]
    found = driver.aws("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["VpcId"] == made.outputs["vpcConfig"]["vpcId"]


def test_a_cluster_goes_up_one_minor_version_at_a_time(driver: Driver) -> None:
    made = driver.create("aws:eks/cluster:Cluster", "cluster", cluster_inputs(driver))
    with pytest.raises(
        CallFailedError, match=r"UpdateClusterVersion.*InvalidParameterException.*1.33 to 1.35"
    ):
        driver.update(made, {**made.inputs, "version": "1.35"})
    driver.update(made, {**made.inputs, "version": "1.34"})
    assert made.outputs["version"] == "1.34"


def test_a_protected_cluster_is_not_deleted(driver: Driver) -> None:
    inputs = {**cluster_inputs(driver), "deletionProtection": True}
    made = driver.create("aws:eks/cluster:Cluster", "cluster", inputs)
    with pytest.raises(CallFailedError, match=r"DeleteCluster of aws:eks/cluster:Cluster 'cluster'"):
        driver.delete(made)
    driver.update(made, {**inputs, "deletionProtection": False})
    driver.delete(made)


def test_access_entries_need_the_authentication_mode(driver: Driver) -> None:
    mode = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": False}
    made = driver.create(
        "aws:eks/cluster:Cluster", "cluster", {**cluster_inputs(driver), "accessConfig": mode}
    )
    entry = {"clusterName": made.id, "principalArn": ROLE}
    with pytest.raises(CallFailedError) as caught:
        driver.create("aws:eks/accessEntry:AccessEntry", "entry", entry)
    assert "InvalidRequestException: The cluster's authentication mode must be" in error_of(caught)


def test_one_association_for_a_service_account(driver: Driver) -> None:
    who = {"clusterName": cluster(driver), "namespace": "velero", "serviceAccount": "velero", "roleArn": ROLE}
    driver.create("aws:eks/podIdentityAssociation:PodIdentityAssociation", "one", who)
    with pytest.raises(CallFailedError, match="ResourceInUseException"):
        driver.create("aws:eks/podIdentityAssociation:PodIdentityAssociation", "other", who)


def test_what_is_kept_of_a_cluster_goes_with_it(driver: Driver) -> None:
    name = cluster(driver)
    addon = {"clusterName": name, "addonName": "coredns"}
    made = driver.create("aws:eks/addon:Addon", "coredns", addon)
    driver.aws("eks").delete_cluster(name=name)
    assert driver.read(made) is None
    assert driver.session.clients.store.everything() == []


def test_an_addon_of_no_cluster_is_refused(driver: Driver) -> None:
    with pytest.raises(CallFailedError, match=r"CreateAddon.*ResourceNotFoundException: No cluster found"):
        driver.create("aws:eks/addon:Addon", "coredns", {"clusterName": "nowhere", "addonName": "coredns"})


def test_a_certificate_without_its_records_is_not_issued(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.providers.aws.table.acm._WAIT_SECONDS", 0.5)
    zone(driver)
    made = certificate(driver)
    with pytest.raises(Exception, match="PENDING_VALIDATION after") as caught:
        driver.create(
            "aws:acm/certificateValidation:CertificateValidation",
            "issued",
            {"certificateArn": made.id},
        )
    for option in made.outputs["domainValidationOptions"]:
        assert option["resourceRecordName"] in error_of(caught)


def test_a_half_made_thing_is_kept_in_the_state_and_finished(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, group = driver.session.client("logs"), "aws:cloudwatch/logGroup:LogGroup"
    inputs = {"name": "/standfast/half", "retentionInDays": 30}

    def refuse(**_parameters: Any) -> None:
        raise ClientError(
            {"Error": {"Code": "ThrottlingException", "Message": "slow\ndown"}}, "PutRetentionPolicy"
        )

    with monkeypatch.context() as patched:
        patched.setattr(logs, "put_retention_policy", refuse)
        with pytest.raises(InitFailedError) as caught:
            driver.create(group, "half", inputs)
    assert error_of(caught) == f"PutRetentionPolicy of {group} 'half': ThrottlingException: slow down"
    made = driver.adopt(group, "half", inputs, caught.value)
    assert {change.text for change in driver.diff(made, inputs).changes} == {"retentionInDays"}
    driver.update(made, inputs)
    assert driver.diff(made, inputs).changes == ()


def test_an_imported_bucket_is_described_as_a_program_would(driver: Driver) -> None:
    id_ = bucket(driver)
    made = driver.made[-1]
    made.inputs, made.outputs = {}, {}
    live = driver.read(made)
    assert live is not None
    assert live.inputs == {"bucket": id_}
    assert live.outputs["arn"] == f"arn:aws:s3:::{id_}"


def test_names_are_made_up_where_none_is_given(driver: Driver) -> None:
    made = driver.create(
        "aws:iam/role:Role", "velero", {"assumeRolePolicy": role(driver).inputs["assumeRolePolicy"]}
    )
    assert made.id.startswith("velero-")
    assert made.outputs["arn"] == f"arn:aws:iam::{ACCOUNT}:role/{made.id}"
    assert driver.diff(made, {"assumeRolePolicy": made.inputs["assumeRolePolicy"]}).changes == ()


def test_a_resource_lives_in_the_location_that_it_names(driver: Driver) -> None:
    topic = {"name": "standfast-alarms", "region": "eu-west-1"}
    made = driver.create("aws:sns/topic:Topic", "alarms", topic)
    assert made.outputs["region"] == "eu-west-1"
    assert made.id == f"arn:aws:sns:eu-west-1:{ACCOUNT}:standfast-alarms"
    moved = driver.diff(made, {"name": "standfast-alarms"})
    assert {change.text: change.replace for change in moved.changes} == {"region": True}
