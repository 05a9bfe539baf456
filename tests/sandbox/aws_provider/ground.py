"""What samples stand on, and what a sample is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.providers.base import Properties
from tests.sandbox.aws_provider.driver import Driver, Resource

ACCOUNT = "123456789012"


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["pods.eks.amazonaws.com"]},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)


ROLE = f"arn:aws:iam::{ACCOUNT}:role/someone"


def allow(*actions: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`inputs` makes what the resource stands on and gives its inputs; `change` are inputs that AWS takes
    in place; `meddle` changes or deletes the thing at moto, `drifted` is the input that shows it (None: it
    is gone); `back` says that the change can be undone; `wrong` are inputs that AWS refuses.
    """

    token: str
    inputs: Callable[[Driver], Properties]
    change: Properties | None = None
    meddle: Callable[[Driver, Resource], Any]
    drifted: str | None = None
    back: bool = True
    wrong: Properties | None = None


def bucket(driver: Driver, name: str = "standfast-model-registry-us-east") -> str:
    return driver.create("aws:s3/bucket:Bucket", name, {"bucket": name}).id


def versioned(driver: Driver, name: str) -> str:
    id_ = bucket(driver, name)
    settings = {"bucket": id_, "versioningConfiguration": {"status": "Enabled"}}
    driver.create("aws:s3/bucketVersioning:BucketVersioning", f"{name}-versioning", settings)
    return id_


def vpc(driver: Driver) -> str:
    return driver.create(
        "aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.16.0.0/16", "enableDnsHostnames": True}
    ).id


def subnets(driver: Driver) -> list[str]:
    network = vpc(driver)
    return [
        driver.create(
            "aws:ec2/subnet:Subnet",
            f"net-{zone}",
            {"vpcId": network, "cidrBlock": f"10.16.{index}.0/24", "availabilityZone": f"us-east-1{zone}"},
        ).id
        for index, zone in enumerate("abc")
    ]


def role(driver: Driver, name: str = "standfast-node") -> Resource:
    return driver.create("aws:iam/role:Role", name, {"name": name, "assumeRolePolicy": TRUST})


def key(driver: Driver) -> Resource:
    settings = {"enableKeyRotation": True, "deletionWindowInDays": 7}
    return driver.create("aws:kms/key:Key", "key", settings)


def cluster_inputs(driver: Driver) -> Properties:
    return {
        "name": "standfast-us-east",
        "roleArn": role(driver, "standfast-cluster").outputs["arn"],
        "version": "1.33",
        "vpcConfig": {
            "subnetIds": subnets(driver),
            "endpointPrivateAccess": True,
            "endpointPublicAccess": True,
            "publicAccessCidrs": ["203.0.113.0/24"],
        },
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "bootstrapSelfManagedAddons": False,
        "enabledClusterLogTypes": ["audit", "api", "authenticator", "scheduler", "controllerManager"],
        "encryptionConfig": {"provider": {"keyArn": key(driver).outputs["arn"]}, "resources": ["secrets"]},
        "upgradePolicy": {"supportType": "STANDARD"},
        "zonalShiftConfig": {"enabled": True},
        "deletionProtection": False,
        "tags": {"Name": "standfast-us-east"},
    }


def cluster(driver: Driver) -> str:
    return driver.create("aws:eks/cluster:Cluster", "cluster", cluster_inputs(driver)).id


def zone(driver: Driver) -> str:
    made = driver.aws("route53").create_hosted_zone(Name="example.com", CallerReference="seed")
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def certificate(driver: Driver) -> Resource:
    settings = {"domainName": "inference.example.com", "validationMethod": "DNS"}
    return driver.create(
        "aws:acm/certificate:Certificate",
        "certificate",
        {**settings, "subjectAlternativeNames": ["us-east.example.com"]},
    )


def launch_template(driver: Driver) -> Resource:
    return driver.create("aws:ec2/launchTemplate:LaunchTemplate", "gpu", LAUNCH_TEMPLATE)


LAUNCH_TEMPLATE: Properties = {
    "name": "standfast-gpu",
    "updateDefaultVersion": True,
    "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1, "httpEndpoint": "enabled"},
    "blockDeviceMappings": [
        {
            "deviceName": "/dev/xvda",
            "ebs": {
                "volumeSize": 200,
                "volumeType": "gp3",
                "encrypted": "true",
                "deleteOnTermination": "true",
            },
        }
    ],
    "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "standfast-gpu"}}],
    "monitoring": {"enabled": True},
}


def queue(driver: Driver, name: str = "standfast-events") -> Resource:
    return driver.create("aws:sqs/queue:Queue", name, {"name": name})


def topic(driver: Driver) -> Resource:
    return driver.create("aws:sns/topic:Topic", "alarms", {"name": "standfast-alarms"})
