"""What moto holds, asked call by call: to see what a destroy left behind."""

from __future__ import annotations

from tests.sandbox.aws_provider.driver import Driver

_EC2 = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
)


def inventory(driver: Driver) -> set[str]:
    """One line for each thing in us-east-1."""
    ec2 = driver.aws("ec2")
    found = {
        f"{name} {item[key]}" for operation, name, key in _EC2 for item in getattr(ec2, operation)()[name]
    }
    for kind, answer in (
        ("NatGateways", ec2.describe_nat_gateways()),
        ("VpcEndpoints", ec2.describe_vpc_endpoints()),
    ):
        found |= {
            f"{kind} {one}" for one in answer[kind] if one["State"].lower() not in ("deleted", "deleting")
        }
    iam, kms = driver.aws("iam"), driver.aws("kms")
    found |= {f"role {one['RoleName']}" for one in iam.list_roles()["Roles"]}
    found |= {f"policy {one['Arn']}" for one in iam.list_policies(Scope="Local")["Policies"]}
    for key in kms.list_keys()["Keys"]:
        state = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        found |= {f"key {key['KeyId']}"} if state != "PendingDeletion" else set()
    found |= {f"alias {one['AliasName']}" for one in kms.list_aliases()["Aliases"] if one.get("TargetKeyId")}
    found |= {f"bucket {one['Name']}" for one in driver.aws("s3").list_buckets()["Buckets"]}
    found |= {
        f"log group {one['logGroupName']}" for one in driver.aws("logs").describe_log_groups()["logGroups"]
    }
    alarms = driver.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    found |= {f"alarm {one['AlarmName']}" for one in alarms}
    found |= {f"cluster {one}" for one in driver.aws("eks").list_clusters()["clusters"]}
    found |= {f"topic {one['TopicArn']}" for one in driver.aws("sns").list_topics()["Topics"]}
    certificates = driver.aws("acm").list_certificates()["CertificateSummaryList"]
    found |= {f"certificate {one['CertificateArn']}" for one in certificates}
    route53 = driver.aws("route53")
    found |= {f"health check {one['Id']}" for one in route53.list_health_checks()["HealthChecks"]}
    for zone in route53.list_hosted_zones()["HostedZones"]:
        records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        found |= {
            f"record {one['Name']} {one['Type']}" for one in records if one["Type"] not in ("NS", "SOA")
        }
    return found
