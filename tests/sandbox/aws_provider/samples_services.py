"""Samples: services."""

from __future__ import annotations

from sandbox.providers.base import Properties
from tests.sandbox.aws_provider.driver import Driver, Resource
from tests.sandbox.aws_provider.ground import (
    TRUST,
    Sample,
    allow,
    certificate,
    queue,
    role,
    topic,
    zone,
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


SAMPLES = [
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
    Sample(
        token="aws:sqs/queue:Queue",
        inputs=lambda d: {
            "name": "standfast-model-events",
            "messageRetentionSeconds": 1_209_600,
            "sqsManagedSseEnabled": True,
            "redrivePolicy": {
                "deadLetterTargetArn": queue(d, "standfast-dead").outputs["arn"],
                "maxReceiveCount": 5,
            },
            "tags": {"Name": "events"},
        },
        change={"visibilityTimeoutSeconds": 60, "tags": {"Name": "other"}},
        meddle=lambda d, r: d.aws("sqs").set_queue_attributes(
            QueueUrl=r.id, Attributes={"MessageRetentionPeriod": "60"}
        ),
        drifted="messageRetentionSeconds",
        wrong={"messageRetentionSeconds": 1},
    ),
    Sample(
        token="aws:sqs/queuePolicy:QueuePolicy",
        inputs=lambda d: {"queueUrl": queue(d).id, "policy": allow("sqs:SendMessage")},
        change={"policy": allow("sqs:SendMessage", "sqs:GetQueueUrl")},
        meddle=lambda d, r: d.aws("sqs").set_queue_attributes(
            QueueUrl=r.id, Attributes={"Policy": allow("sqs:*")}
        ),
        drifted="policy",
    ),
]
