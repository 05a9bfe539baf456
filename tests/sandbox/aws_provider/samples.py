"""One sample for each entry: what it stands on, inputs, a change in place, and what somebody may do behind its back."""

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
    """`inputs` makes what the resource stands on and gives its inputs; `change` are inputs that AWS takes in place;
    `meddle` changes or deletes the thing at moto, `drifted` is the input that shows it (None: it is gone);
    `back` says that the change can be undone; `wrong` are inputs that AWS refuses."""

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


def validation(driver: Driver) -> Properties:
    where, issued = zone(driver), certificate(driver)
    fqdns = []
    for option in issued.outputs["domainValidationOptions"]:
        record = driver.create(
            "aws:route53/record:Record",
            f"validation-{option['domainName']}",
            {
                "zoneId": where,
                "name": option["resourceRecordName"],
                "type": option["resourceRecordType"],
                "records": [option["resourceRecordValue"]],
                "ttl": 60,
            },
        )
        fqdns.append(record.outputs["fqdn"])
    return {"certificateArn": issued.outputs["arn"], "validationRecordFqdns": fqdns}


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


def node_group(driver: Driver) -> Properties:
    template = launch_template(driver)
    return {
        "clusterName": cluster(driver),
        "nodeGroupName": "gpu-us-east-1a",
        "nodeRoleArn": role(driver).outputs["arn"],
        "subnetIds": [next(r.id for r in driver.made if r.name == "net-a")],
        "amiType": "AL2023_x86_64_NVIDIA",
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["g5.2xlarge", "g6.2xlarge"],
        "labels": {"standfast.dev/pool": "gpu"},
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 6},
        "updateConfig": {"maxUnavailable": 1},
        "nodeRepairConfig": {"enabled": True},
        "launchTemplate": {"id": template.id, "version": str(template.outputs["latestVersion"])},
        "tags": {"pool": "gpu"},
    }


def replication(driver: Driver) -> Properties:
    source = versioned(driver, "standfast-model-registry-us-east")
    versioned(driver, "standfast-model-registry-eu-west")
    on = {"status": "Enabled"}
    return {
        "bucket": source,
        "role": ROLE,
        "rules": [
            {
                "id": "to-eu-west",
                "priority": 1,
                "status": "Enabled",
                "filter": {"prefix": ""},
                "deleteMarkerReplication": on,
                "sourceSelectionCriteria": {"replicaModifications": on, "sseKmsEncryptedObjects": on},
                "destination": {
                    "bucket": "arn:aws:s3:::standfast-model-registry-eu-west",
                    "storageClass": "STANDARD",
                    "encryptionConfiguration": {
                        "replicaKmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/abc"
                    },
                    "metrics": {**on, "eventThreshold": {"minutes": 15}},
                    "replicationTime": {**on, "time": {"minutes": 15}},
                },
            }
        ],
    }


def nat(driver: Driver) -> Properties:
    eip = driver.create("aws:ec2/eip:Eip", "eip", {"domain": "vpc"})
    return {"allocationId": eip.id, "subnetId": subnets(driver)[0], "tags": {"Name": "nat"}}


def route(driver: Driver) -> Properties:
    network = vpc(driver)
    gateway = driver.create("aws:ec2/internetGateway:InternetGateway", "igw", {"vpcId": network})
    table = driver.create("aws:ec2/routeTable:RouteTable", "table", {"vpcId": network})
    return {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}


def association(driver: Driver) -> Properties:
    subnet = subnets(driver)[0]
    network = driver.made[0].id
    table = driver.create("aws:ec2/routeTable:RouteTable", "table", {"vpcId": network})
    return {"routeTableId": table.id, "subnetId": subnet}


def endpoint(driver: Driver) -> Properties:
    network = vpc(driver)
    table = driver.create("aws:ec2/routeTable:RouteTable", "table", {"vpcId": network})
    return {
        "vpcId": network,
        "serviceName": "com.amazonaws.us-east-1.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [table.id],
        "policy": allow("s3:GetObject"),
        "tags": {"Name": "s3"},
    }


def flow_log(driver: Driver) -> Properties:
    group = driver.create("aws:cloudwatch/logGroup:LogGroup", "flow", {"name": "/standfast/flow"})
    return {
        "vpcId": vpc(driver),
        "trafficType": "REJECT",
        "logDestination": group.outputs["arn"],
        "iamRoleArn": role(driver).outputs["arn"],
        "maxAggregationInterval": 60,
        "tags": {"Name": "flow"},
    }


def group_rule(driver: Driver) -> Properties:
    group = driver.create("aws:ec2/securityGroup:SecurityGroup", "group", {"vpcId": vpc(driver)})
    return {
        "securityGroupId": group.id,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "10.0.0.0/8",
        "description": "from inside",
        "tags": {"Name": "inside"},
    }


def topic(driver: Driver) -> Resource:
    return driver.create("aws:sns/topic:Topic", "alarms", {"name": "standfast-alarms"})


def logging(driver: Driver) -> Properties:
    source = bucket(driver)
    settings = {"bucket": "standfast-logs", "forceDestroy": True}
    target = driver.create("aws:s3/bucket:Bucket", "logs", settings).id
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{target}/*",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    driver.create(
        "aws:s3/bucketPolicy:BucketPolicy", "logs", {"bucket": target, "policy": json.dumps(document)}
    )
    return {"bucket": source, "targetBucket": target, "targetPrefix": "access/"}


def entry(driver: Driver) -> Properties:
    return {
        "clusterName": cluster(driver),
        "principalArn": role(driver, "standfast-operator").outputs["arn"],
        "type": "STANDARD",
        "tags": {"who": "operator"},
    }


def policy_association(driver: Driver) -> Properties:
    made = driver.create("aws:eks/accessEntry:AccessEntry", "entry", entry(driver))
    return {
        "clusterName": made.outputs["clusterName"],
        "principalArn": made.outputs["principalArn"],
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["ml-serving", "velero"]},
    }


def kept_gone(kind: str) -> Callable[[Driver, Resource], None]:
    """What has no moto to be deleted from goes through AWS's own operation, beside the engine."""

    def meddle(driver: Driver, resource: Resource) -> None:
        driver.session.clients.store.drop_all(kind, "us-east-1", resource.outputs["clusterName"])

    return meddle


def alarm(driver: Driver) -> Properties:
    return {
        "name": "standfast-replication-latency",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "metricName": "ReplicationLatency",
        "namespace": "AWS/S3",
        "period": 60,
        "statistic": "Maximum",
        "threshold": 900,
        "treatMissingData": "notBreaching",
        "alarmDescription": "models reach the peer late",
        "alarmActions": [topic(driver).outputs["arn"]],
        "dimensions": {"SourceBucket": "a", "DestinationBucket": "b", "RuleId": "to-eu-west"},
        "tags": {"Name": "latency"},
    }


def queries(driver: Driver) -> Properties:
    metric = {
        "metricName": "Errors",
        "namespace": "standfast",
        "period": 60,
        "stat": "Sum",
        "dimensions": {"a": "b"},
    }
    return {
        "name": "standfast-errors",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 0.01,
        "metricQueries": [
            {"id": "share", "expression": "errors / 100", "label": "share", "returnData": True},
            {"id": "errors", "metric": metric},
        ],
    }


def record(driver: Driver) -> Properties:
    check = driver.create("aws:route53/healthCheck:HealthCheck", "check", HEALTH_CHECK)
    return {
        "zoneId": zone(driver),
        "name": "inference.example.com",
        "type": "CNAME",
        "ttl": 30,
        "records": ["us-east.example.com"],
        "setIdentifier": "us-east",
        "healthCheckId": check.id,
        "latencyRoutingPolicies": [{"region": "us-east-1"}],
    }


HEALTH_CHECK: Properties = {
    "type": "HTTPS",
    "fqdn": "us-east.example.com",
    "port": 443,
    "resourcePath": "/v2/health/ready",
    "requestInterval": 10,
    "failureThreshold": 3,
    "measureLatency": True,
    "enableSni": True,
    "regions": ["us-east-1", "eu-west-1", "us-west-2"],
    "tags": {"Name": "us-east"},
}


def _delete_record(driver: Driver, resource: Resource) -> None:
    route53 = driver.aws("route53")
    found = route53.list_resource_record_sets(HostedZoneId=resource.outputs["zoneId"])["ResourceRecordSets"]
    mine = next(one for one in found if one["Name"].startswith("inference."))
    change = {"Action": "DELETE", "ResourceRecordSet": mine}
    route53.change_resource_record_sets(
        HostedZoneId=resource.outputs["zoneId"], ChangeBatch={"Changes": [change]}
    )


def _foreign_ingress(driver: Driver, resource: Resource) -> None:
    ranges = [{"CidrIp": "192.0.2.0/24"}]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
    driver.aws("ec2").authorize_security_group_ingress(GroupId=resource.id, IpPermissions=[permission])


def _tag(driver: Driver, resource: Resource) -> None:
    driver.aws("ec2").create_tags(Resources=[resource.id], Tags=[{"Key": "Name", "Value": "somebody's"}])


def ec2(operation: str, parameter: str, *, many: bool = False) -> Callable[[Driver, Resource], None]:
    """Deletes by an EC2 operation."""

    def meddle(driver: Driver, resource: Resource) -> None:
        getattr(driver.aws("ec2"), operation)(**{parameter: [resource.id] if many else resource.id})

    return meddle


def s3(operation: str, **parameters: Any) -> Callable[[Driver, Resource], None]:
    """Changes or deletes by an S3 operation on the resource's bucket."""

    def meddle(driver: Driver, resource: Resource) -> None:
        getattr(driver.aws("s3"), operation)(Bucket=resource.outputs["bucket"], **parameters)

    return meddle


RULE: Properties = {
    "fromPort": 443,
    "toPort": 443,
    "protocol": "tcp",
    "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"],
}
ALL_OUT: Properties = {"fromPort": 0, "toPort": 0, "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}

SAMPLES = [
    Sample(
        token="aws:ec2/vpc:Vpc",
        inputs=lambda d: {"cidrBlock": "10.16.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "net"}},
        change={"enableDnsHostnames": False, "tags": {"Name": "network"}},
        meddle=lambda d, r: d.aws("ec2").modify_vpc_attribute(VpcId=r.id, EnableDnsSupport={"Value": False}),
        drifted="enableDnsSupport",
        wrong={"cidrBlock": "10.16.0.0/99"},
    ),
    Sample(
        token="aws:ec2/subnet:Subnet",
        inputs=lambda d: {
            "vpcId": vpc(d),
            "cidrBlock": "10.16.0.0/20",
            "availabilityZone": "us-east-1b",
            "tags": {"Name": "private"},
        },
        change={"mapPublicIpOnLaunch": True},
        meddle=ec2("delete_subnet", "SubnetId"),
    ),
    Sample(
        token="aws:ec2/internetGateway:InternetGateway",
        inputs=lambda d: {"vpcId": vpc(d), "tags": {"Name": "out"}},
        change={"tags": {"Name": "way out"}},
        meddle=_tag,
        drifted="tags",
    ),
    Sample(
        token="aws:ec2/eip:Eip",
        inputs=lambda d: {"domain": "vpc", "tags": {"Name": "nat"}},
        change={"tags": {"Name": "other"}},
        meddle=ec2("release_address", "AllocationId"),
        wrong={"domain": "moon"},
    ),
    Sample(
        token="aws:ec2/natGateway:NatGateway",
        inputs=nat,
        change={"tags": {"Name": "other"}},
        meddle=ec2("delete_nat_gateway", "NatGatewayId"),
    ),
    Sample(
        token="aws:ec2/routeTable:RouteTable",
        inputs=lambda d: {"vpcId": vpc(d), "tags": {"Name": "private"}},
        change={"tags": {}},
        meddle=_tag,
        drifted="tags",
    ),
    Sample(
        token="aws:ec2/route:Route",
        inputs=route,
        meddle=lambda d, r: d.aws("ec2").delete_route(
            RouteTableId=r.outputs["routeTableId"], DestinationCidrBlock="0.0.0.0/0"
        ),
    ),
    Sample(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs=association,
        meddle=ec2("disassociate_route_table", "AssociationId"),
    ),
    Sample(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        inputs=endpoint,
        change={"policy": allow("s3:GetObject", "s3:ListBucket")},
        meddle=ec2("delete_vpc_endpoints", "VpcEndpointIds", many=True),
    ),
    Sample(
        token="aws:ec2/flowLog:FlowLog",
        inputs=flow_log,
        change={"tags": {"Name": "other"}},
        meddle=ec2("delete_flow_logs", "FlowLogIds", many=True),
        wrong={"trafficType": "SOME"},
    ),
    Sample(
        token="aws:ec2/securityGroup:SecurityGroup",
        inputs=lambda d: {"vpcId": vpc(d), "ingress": [RULE], "egress": [ALL_OUT], "tags": {"Name": "group"}},
        change={"ingress": [RULE, {**RULE, "fromPort": 80, "toPort": 80, "description": "plain"}]},
        meddle=_foreign_ingress,
        drifted="ingress",
    ),
    Sample(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        inputs=lambda d: {"vpcId": vpc(d), "ingress": [], "egress": [], "tags": {"Name": "closed"}},
        change={"egress": [ALL_OUT]},
        meddle=_foreign_ingress,
        drifted="ingress",
    ),
    Sample(
        token="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        inputs=group_rule,
        change={"cidrIpv4": "10.1.0.0/16"},
        meddle=lambda d, r: d.aws("ec2").revoke_security_group_ingress(
            GroupId=r.outputs["securityGroupId"], SecurityGroupRuleIds=[r.id]
        ),
    ),
    Sample(
        token="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        inputs=group_rule,
        change={"toPort": 444},
        meddle=lambda d, r: d.aws("ec2").revoke_security_group_egress(
            GroupId=r.outputs["securityGroupId"], SecurityGroupRuleIds=[r.id]
        ),
    ),
    Sample(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        inputs=lambda d: {**LAUNCH_TEMPLATE, "tags": {"Name": "gpu"}},
        change={
            "metadataOptions": {
                "httpTokens": "required",
                "httpPutResponseHopLimit": 2,
                "httpEndpoint": "enabled",
            }
        },
        meddle=ec2("delete_launch_template", "LaunchTemplateId"),
        wrong={"metadataOptions": {"httpTokens": "maybe"}},
    ),
    Sample(
        token="aws:cloudwatch/logGroup:LogGroup",
        inputs=lambda d: {"name": "/standfast/eks", "retentionInDays": 90, "tags": {"Name": "eks"}},
        change={"retentionInDays": 30, "tags": {"Name": "other"}},
        meddle=lambda d, r: d.aws("logs").put_retention_policy(logGroupName=r.id, retentionInDays=1),
        drifted="retentionInDays",
        wrong={"name": "no spaces here"},
    ),
    Sample(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=alarm,
        change={"threshold": 600, "tags": {"Name": "late"}},
        meddle=lambda d, r: d.aws("cloudwatch").delete_alarms(AlarmNames=[r.id]),
        wrong={"comparisonOperator": "Above"},
    ),
    Sample(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=queries,
        change={"threshold": 0.5},
        meddle=lambda d, r: d.aws("cloudwatch").delete_alarms(AlarmNames=[r.id]),
    ),
    Sample(
        token="aws:kms/key:Key",
        inputs=lambda d: {"description": "models", "enableKeyRotation": True, "deletionWindowInDays": 7},
        change={"description": "models and backups", "enableKeyRotation": False},
        meddle=lambda d, r: d.aws("kms").disable_key_rotation(KeyId=r.id),
        drifted="enableKeyRotation",
        wrong={"customerMasterKeySpec": "ROT13"},
    ),
    Sample(
        token="aws:kms/alias:Alias",
        inputs=lambda d: {"name": "alias/standfast", "targetKeyId": key(d).outputs["arn"]},
        meddle=lambda d, r: d.aws("kms").delete_alias(AliasName=r.id),
    ),
    Sample(
        token="aws:iam/role:Role",
        inputs=lambda d: {"name": "standfast-velero", "assumeRolePolicy": TRUST, "tags": {"Name": "velero"}},
        change={"description": "backups", "maxSessionDuration": 7200},
        meddle=lambda d, r: d.aws("iam").update_assume_role_policy(
            RoleName=r.id, PolicyDocument=TRUST.replace("pods.eks", "ec2")
        ),
        drifted="assumeRolePolicy",
        wrong={"name": "no spaces here"},
    ),
    Sample(
        token="aws:iam/rolePolicy:RolePolicy",
        inputs=lambda d: {"role": role(d).id, "name": "read", "policy": allow("s3:GetObject")},
        change={"policy": allow("s3:GetObject", "s3:ListBucket")},
        meddle=lambda d, r: d.aws("iam").put_role_policy(
            RoleName=r.outputs["role"], PolicyName="read", PolicyDocument=allow("s3:*")
        ),
        drifted="policy",
    ),
    Sample(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=lambda d: {
            "role": role(d).id,
            "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        },
        meddle=lambda d, r: d.aws("iam").detach_role_policy(
            RoleName=r.outputs["role"], PolicyArn=r.outputs["policyArn"]
        ),
        wrong={"policyArn": "x"},
    ),
    Sample(
        token="aws:iam/policy:Policy",
        inputs=lambda d: {"name": "read", "policy": allow("s3:GetObject"), "tags": {"Name": "read"}},
        change={"policy": allow("s3:ListBucket")},
        meddle=lambda d, r: d.aws("iam").delete_policy(PolicyArn=r.id),
    ),
    Sample(
        token="aws:eks/cluster:Cluster",
        inputs=cluster_inputs,
        change={
            "version": "1.34",
            "enabledClusterLogTypes": ["audit"],
            "upgradePolicy": {"supportType": "EXTENDED"},
        },
        back=False,
        meddle=lambda d, r: d.aws("eks").delete_cluster(name=r.id),
        wrong={"upgradePolicy": {"supportType": "FOREVER"}},
    ),
    Sample(
        token="aws:eks/nodeGroup:NodeGroup",
        inputs=node_group,
        change={
            "scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 6},
            "labels": {"standfast.dev/pool": "gpu", "more": "yes"},
            "taints": [{"key": "nvidia.com/gpu", "value": "here", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailable": 2},
            "tags": {"pool": "accelerated"},
        },
        meddle=lambda d, r: d.aws("eks").update_nodegroup_config(
            clusterName="standfast-us-east",
            nodegroupName="gpu-us-east-1a",
            scalingConfig={"minSize": 0, "desiredSize": 1, "maxSize": 6},
        ),
        drifted="scalingConfig",
        wrong={"amiType": "WINDOWS_95"},
    ),
    Sample(
        token="aws:eks/addon:Addon",
        inputs=lambda d: {
            "clusterName": cluster(d),
            "addonName": "vpc-cni",
            "addonVersion": "v1.20.1-eksbuild.3",
            "configurationValues": '{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}',
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "OVERWRITE",
            "podIdentityAssociations": [{"roleArn": ROLE, "serviceAccount": "aws-node"}],
            "tags": {"Name": "cni"},
        },
        change={"addonVersion": "v1.20.2-eksbuild.1", "tags": {"Name": "network"}},
        meddle=kept_gone("eks-addon"),
        wrong={"clusterName": "not there"},
    ),
    Sample(
        token="aws:eks/accessEntry:AccessEntry",
        inputs=entry,
        change={"kubernetesGroups": ["operators"], "tags": {"who": "them"}},
        meddle=kept_gone("eks-access-entry"),
    ),
    Sample(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        inputs=policy_association,
        meddle=kept_gone("eks-access-policy"),
    ),
    Sample(
        token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        inputs=lambda d: {
            "clusterName": cluster(d),
            "namespace": "velero",
            "serviceAccount": "velero",
            "roleArn": ROLE,
            "tags": {"Name": "velero"},
        },
        change={"roleArn": f"{ROLE}-else", "tags": {"Name": "backups"}},
        meddle=kept_gone("eks-pod-identity"),
    ),
    Sample(
        token="aws:s3/bucket:Bucket",
        inputs=lambda d: {"bucket": "standfast-velero-us-east", "tags": {"Name": "velero"}},
        change={"tags": {"Name": "backups"}},
        meddle=s3("put_bucket_tagging", Tagging={"TagSet": [{"Key": "Name", "Value": "mine"}]}),
        drifted="tags",
        wrong={"bucket": "No Such Name"},
    ),
    Sample(
        token="aws:s3/bucketVersioning:BucketVersioning",
        inputs=lambda d: {"bucket": bucket(d), "versioningConfiguration": {"status": "Enabled"}},
        change={"versioningConfiguration": {"status": "Suspended"}},
        meddle=s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        drifted="versioningConfiguration",
    ),
    Sample(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        inputs=lambda d: {
            "bucket": bucket(d),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": key(d).outputs["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        change={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        meddle=s3("delete_bucket_encryption"),
        wrong={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "rot13"}}]},
    ),
    Sample(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda d: {
            "bucket": bucket(d),
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        change={"ignorePublicAcls": False},
        meddle=s3("put_public_access_block", PublicAccessBlockConfiguration={"BlockPublicAcls": True}),
        drifted="blockPublicPolicy",
    ),
    Sample(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda d: {"bucket": bucket(d), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        meddle=s3("delete_bucket_ownership_controls"),
        wrong={"rule": {"objectOwnership": "Mine"}},
    ),
    Sample(
        token="aws:s3/bucketPolicy:BucketPolicy",
        inputs=lambda d: {"bucket": bucket(d), "policy": allow("s3:GetObject")},
        change={"policy": allow("s3:ListBucket")},
        meddle=s3("put_bucket_policy", Policy=allow("s3:*")),
        drifted="policy",
    ),
    Sample(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda d: {
            "bucket": bucket(d),
            "rules": [
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 3},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "expiration": {"expiredObjectDeleteMarker": True},
                },
                {
                    "id": "cold",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "old/", "tags": {"kind": "model"}}},
                    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
                },
            ],
        },
        change={
            "rules": [
                {"id": "all", "status": "Enabled", "filter": {"prefix": "x/"}, "expiration": {"days": 3}}
            ]
        },
        meddle=s3(
            "put_bucket_lifecycle_configuration",
            LifecycleConfiguration={
                "Rules": [
                    {"ID": "gone", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
                ]
            },
        ),
        drifted="rules",
        wrong={
            "rules": [{"id": "x", "status": "Enabled", "transitions": [{"days": 1, "storageClass": "ATTIC"}]}]
        },
    ),
    Sample(
        token="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        inputs=replication,
        change={"role": f"{ROLE}-else"},
        meddle=s3("delete_bucket_replication"),
    ),
    Sample(
        token="aws:s3/bucketLogging:BucketLogging",
        inputs=logging,
        change={"targetPrefix": "other/"},
        meddle=s3("put_bucket_logging", BucketLoggingStatus={}),
    ),
    Sample(
        token="aws:s3/bucketNotification:BucketNotification",
        inputs=lambda d: {
            "bucket": bucket(d),
            "eventbridge": True,
            "topics": [
                {
                    "topicArn": topic(d).outputs["arn"],
                    "events": ["s3:Replication:OperationFailedReplication", "s3:ObjectRemoved:*"],
                    "filterPrefix": "models/",
                }
            ],
        },
        change={"eventbridge": False},
        meddle=s3("put_bucket_notification_configuration", NotificationConfiguration={}),
        drifted="topics",
        wrong={"topics": [{"topicArn": "arn:aws:sns:us-east-1:123456789012:x", "events": ["s3:Nothing"]}]},
    ),
    Sample(
        token="aws:s3/bucketMetric:BucketMetric",
        inputs=lambda d: {"bucket": bucket(d), "name": "EntireBucket"},
        change={"filter": {"prefix": "models/", "tags": {"kind": "model"}}},
        meddle=lambda d, r: d.session.clients.store.drop_all("s3-metrics", "", r.outputs["bucket"]),
    ),
    Sample(
        token="aws:route53/healthCheck:HealthCheck",
        inputs=lambda d: HEALTH_CHECK,
        change={"failureThreshold": 2, "tags": {"Name": "us"}},
        meddle=lambda d, r: d.aws("route53").update_health_check(HealthCheckId=r.id, FailureThreshold=10),
        drifted="failureThreshold",
        wrong={"failureThreshold": 99},
    ),
    Sample(
        token="aws:route53/record:Record",
        inputs=record,
        change={"records": ["elsewhere.example.com"], "ttl": 20},
        meddle=_delete_record,
        wrong={"type": "CNAMES"},
    ),
    Sample(
        token="aws:acm/certificate:Certificate",
        inputs=lambda d: {
            "domainName": "inference.example.com",
            "validationMethod": "DNS",
            "subjectAlternativeNames": ["us-east.example.com"],
            "tags": {"Name": "gateway"},
        },
        change={"tags": {"Name": "other"}},
        meddle=lambda d, r: d.aws("acm").delete_certificate(CertificateArn=r.id),
        wrong={"domainName": "-"},
    ),
    Sample(
        token="aws:acm/certificateValidation:CertificateValidation",
        inputs=validation,
        meddle=lambda d, r: d.aws("acm").delete_certificate(CertificateArn=r.outputs["certificateArn"]),
    ),
    Sample(
        token="aws:sns/topic:Topic",
        inputs=lambda d: {
            "name": "standfast-alarms",
            "kmsMasterKeyId": "alias/aws/sns",
            "tags": {"Name": "alarms"},
        },
        change={"displayName": "alarms", "tags": {"Name": "other"}},
        meddle=lambda d, r: d.aws("sns").delete_topic(TopicArn=r.id),
    ),
    Sample(
        token="aws:sns/topicPolicy:TopicPolicy",
        inputs=lambda d: {"arn": topic(d).outputs["arn"], "policy": allow("sns:Publish")},
        change={"policy": allow("sns:Publish", "sns:Subscribe")},
        meddle=lambda d, r: d.aws("sns").set_topic_attributes(
            TopicArn=r.id, AttributeName="Policy", AttributeValue=allow("sns:Everything")
        ),
        drifted="policy",
    ),
]
