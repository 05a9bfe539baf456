"""What moto holds, asked call by call: to see what a destroy left behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from tests.sandbox.aws_provider.driver import Driver

_EC2 = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
)


def _ec2(driver: Driver) -> Iterator[str]:
    ec2 = driver.aws("ec2")
    for operation, name, key in _EC2:
        yield from (f"{name} {item[key]}" for item in getattr(ec2, operation)()[name])
    fading = (("NatGateways", ec2.describe_nat_gateways()), ("VpcEndpoints", ec2.describe_vpc_endpoints()))
    for kind, answer in fading:
        yield from (
            f"{kind} {one}" for one in answer[kind] if one["State"].lower() not in ("deleted", "deleting")
        )


def _iam(driver: Driver) -> Iterator[str]:
    iam = driver.aws("iam")
    yield from (f"role {one['RoleName']}" for one in iam.list_roles()["Roles"])
    yield from (f"policy {one['Arn']}" for one in iam.list_policies(Scope="Local")["Policies"])


def _kms(driver: Driver) -> Iterator[str]:
    kms = driver.aws("kms")
    for key in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            yield f"key {key['KeyId']}"
    yield from (
        f"alias {one['AliasName']}" for one in kms.list_aliases()["Aliases"] if one.get("TargetKeyId")
    )


def _s3(driver: Driver) -> Iterator[str]:
    yield from (f"bucket {one['Name']}" for one in driver.aws("s3").list_buckets()["Buckets"])


def _cloudwatch(driver: Driver) -> Iterator[str]:
    yield from (one["logGroupName"] for one in driver.aws("logs").describe_log_groups()["logGroups"])
    yield from (one["AlarmName"] for one in driver.aws("cloudwatch").describe_alarms()["MetricAlarms"])


def _eks(driver: Driver) -> Iterator[str]:
    yield from driver.aws("eks").list_clusters()["clusters"]


def _sns(driver: Driver) -> Iterator[str]:
    yield from (one["TopicArn"] for one in driver.aws("sns").list_topics()["Topics"])


def _sqs(driver: Driver) -> Iterator[str]:
    yield from driver.aws("sqs").list_queues().get("QueueUrls", [])


def _acm(driver: Driver) -> Iterator[str]:
    found = driver.aws("acm").list_certificates()["CertificateSummaryList"]
    yield from (one["CertificateArn"] for one in found)


def _route53(driver: Driver) -> Iterator[str]:
    route53 = driver.aws("route53")
    yield from (one["Id"] for one in route53.list_health_checks()["HealthChecks"])
    for zone in route53.list_hosted_zones()["HostedZones"]:
        records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        yield from (f"{one['Name']} {one['Type']}" for one in records if one["Type"] not in ("NS", "SOA"))


_SERVICES: dict[str, Callable[[Driver], Iterator[str]]] = {
    "acm": _acm,
    "cloudwatch": _cloudwatch,
    "ec2": _ec2,
    "eks": _eks,
    "iam": _iam,
    "kms": _kms,
    "route53": _route53,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
    "vpc": _ec2,
}


def services_of(driver: Driver) -> set[str]:
    """The services of what a driver has made: `ec2` of aws:ec2/vpc:Vpc."""
    return {resource.token.split(":")[1].split("/")[0] for resource in driver.made}


def inventory(driver: Driver, services: Collection[str] = tuple(_SERVICES)) -> dict[str, set[str]]:
    """What these services hold in us-east-1."""
    return {service: set(_SERVICES[service](driver)) for service in services}
