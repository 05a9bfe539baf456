"""What a cloud would have answered, made up by rule, so that a recording can go on."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

ACCOUNT = "123456789012"
LOCATION = "us-east-1"

_PREFIXES = {
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/eip:Eip": "eipalloc",
    "aws:ec2/natGateway:NatGateway": "nat",
    "aws:ec2/internetGateway:InternetGateway": "igw",
    "aws:ec2/routeTable:RouteTable": "rtb",
    "aws:ec2/launchTemplate:LaunchTemplate": "lt",
    "aws:ec2/securityGroup:SecurityGroup": "sg",
}

_ZONES = "aws:route53/getZone:getZone"
_IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
_BUCKETS = "gcp:storage/getBuckets:getBuckets"
_TRANSFER_AGENT = "gcp:storage/getTransferProjectServiceAccount:getTransferProjectServiceAccount"

PROJECT_NUMBER = "210987654321"
TRANSFER_AGENT = f"project-{PROJECT_NUMBER}@storage-transfer-service.iam.gserviceaccount.com"
TRANSFER_SUBJECT = "101010101010101010101"


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def id_of(type_: str, name: str, inputs: dict[str, Any]) -> str:
    """The id: ``namespace/name`` for Kubernetes objects, the given name where AWS uses it, else by rule."""
    if type_.startswith("kubernetes:"):
        metadata = inputs.get("metadata") or inputs
        namespace = metadata.get("namespace")
        own = metadata.get("name", name)
        return f"{namespace}/{own}" if namespace else own
    if type_ in _PREFIXES:
        return f"{_PREFIXES[type_]}-{_digest(type_, name)[:17]}"
    return str(inputs.get("name") or inputs.get("bucket") or name)


def outputs_of(type_: str, name: str, identity: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs and what the cloud adds to them."""
    if type_.startswith("kubernetes:"):
        return {**inputs, **_kubernetes(type_, inputs)}
    if type_.startswith("gcp:"):
        return {**inputs, **_google(type_, name, inputs)}
    if not type_.startswith("aws:"):
        return inputs
    service = type_.removeprefix("aws:").partition("/")[0]
    own = inputs.get("name") or name
    common = {"name": own, "arn": f"arn:aws:{service}:{LOCATION}:{ACCOUNT}:{own}"}
    return {**common, **inputs, **_aws(type_, name, identity, inputs)}


def _aws(type_: str, name: str, identity: str, inputs: dict[str, Any]) -> dict[str, Any]:
    own = str(inputs.get("name") or name)
    kind = type_.rpartition(":")[2]
    if type_ == "aws:acm/certificate:Certificate":
        names = {inputs["domainName"], *inputs.get("subjectAlternativeNames", ())}
        return {"domainValidationOptions": [_validation(domain) for domain in sorted(names)]}
    return {
        "aws:eks/cluster:Cluster": {
            "createdAt": "2026-01-01T00:00:00Z",
            "identities": [
                {
                    "oidcs": [
                        {
                            "issuer": f"https://oidc.eks.{LOCATION}.amazonaws.com/id/{_digest(own)[:32].upper()}"
                        }
                    ]
                }
            ],
            "arn": f"arn:aws:eks:{LOCATION}:{ACCOUNT}:cluster/{own}",
            "endpoint": f"https://{_digest(own)[:32].upper()}.gr7.{LOCATION}.eks.amazonaws.com",
            "certificateAuthority": {"data": base64.b64encode(f"ca of {own}".encode()).decode()},
            "vpcConfig": {**inputs.get("vpcConfig", {}), "clusterSecurityGroupId": f"sg-{_digest(own)[:17]}"},
        },
        "aws:ec2/eip:Eip": {
            "publicIp": f"203.0.113.{int(_digest(name)[:2], 16)}",
            "allocationId": identity,
        },
        "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1},
        "aws:iam/role:Role": {"arn": f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{own}"},
        "aws:iam/policy:Policy": {"arn": f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{own}"},
        "aws:s3/bucket:Bucket": {"arn": f"arn:aws:s3:::{identity}"},
        "aws:kms/key:Key": {"arn": f"arn:aws:kms:{LOCATION}:{ACCOUNT}:key/{identity}", "keyId": identity},
        "aws:acm/certificateValidation:CertificateValidation": {
            "certificateArn": inputs.get("certificateArn")
        },
    }.get(type_, {})


def _google(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    pool = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools"
    own = str(inputs.get("workloadIdentityPoolId"))
    return {
        "gcp:storage/transferJob:TransferJob": {"name": f"transferJobs/{int(_digest(name)[:12], 16)}"},
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": {"name": f"{pool}/{own}"},
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": {
            "name": f"{pool}/{own}/providers/{inputs.get('workloadIdentityPoolProviderId')}"
        },
    }.get(type_, {})


def _validation(domain: str) -> dict[str, str]:
    return {
        "domainName": domain,
        "resourceRecordName": f"_{_digest(domain)[:32]}.{domain}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"_{_digest(domain)[32:]}.acm-validations.aws.",
    }


def _kubernetes(type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    kind, spec = type_.rpartition(":")[2], inputs.get("spec") or {}
    own = (inputs.get("metadata") or {}).get("name", "")
    if kind == "Service" and spec.get("type") == "LoadBalancer":
        hostname = f"{own}-{_digest(own)[:16]}.elb.{LOCATION}.amazonaws.com"
        return {"status": {"loadBalancer": {"ingress": [{"hostname": hostname}]}}}
    if kind == "Secret" and inputs.get("type") == "kubernetes.io/service-account-token":
        return {"data": {"token": base64.b64encode(f"token of {own}".encode()).decode()}}
    return {}


def call_of(token: str, args: dict[str, Any]) -> dict[str, Any]:
    """The answers of functions that every program asks; others are given to ``record(calls=...)``."""
    if token == _ZONES:
        return {**args, "zoneId": f"Z{_digest(str(args.get('name')))[:20].upper()}"}
    if token == _IDENTITY:
        return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "userId": "recording"}
    if token == _BUCKETS:
        return {**args, "id": args.get("project"), "buckets": []}
    if token == _TRANSFER_AGENT:
        member = f"serviceAccount:{TRANSFER_AGENT}"
        return {**args, "email": TRANSFER_AGENT, "member": member, "subjectId": TRANSFER_SUBJECT}
    raise LookupError(f"the program called {token}; give record() its answer in calls=")
