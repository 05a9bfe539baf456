"""One sample for each entry of the table, as the program makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.providers.base import Properties
from sandbox.providers.gcp.api import Session
from sandbox.providers.gcp.kept import identity_pools, monitoring, topics, transfer
from sandbox.providers.gcp.kept.projects import transfer_agent
from tests.sandbox.driver import Driver, Resource

PROJECT = "standfast-models"
BUCKET = "standfast-model-registry-standfast-models"
AGENT = f"serviceAccount:{transfer_agent(PROJECT)}"
ROLE = "arn:aws:iam::123456789012:role/model-copy-source"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:model-copy-queue"
GcpDriver = Driver[Session]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`inputs` makes what the resource stands on and gives its inputs; `change` are inputs that Google takes
    in place; `meddle` changes or deletes the thing behind the provider's back, `drifted` is the input that
    shows it (None: it is gone); `wrong` are inputs that Google refuses, with what the error names.
    """

    token: str
    inputs: Callable[[GcpDriver], Properties]
    change: Properties | None = None
    meddle: Callable[[GcpDriver, Resource], Any]
    drifted: str | None = None
    wrong: tuple[tuple[Properties, str], ...] = ()


def bucket_inputs(**other: Any) -> Properties:
    return {
        "name": BUCKET,
        "project": PROJECT,
        "location": "EUR4",
        "storageClass": "STANDARD",
        "rpo": "ASYNC_TURBO",
        "uniformBucketLevelAccess": True,
        "publicAccessPrevention": "enforced",
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": 7_776_000},
        "lifecycleRules": [
            {
                "action": {"type": "Delete"},
                "condition": {"daysSinceNoncurrentTime": 90, "numNewerVersions": 4, "withState": "ARCHIVED"},
            },
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
        ],
        "labels": {"standfast-purpose": "model-registry"},
        **other,
    }


def bucket(driver: GcpDriver, **other: Any) -> str:
    return driver.create("gcp:storage/bucket:Bucket", "copy", bucket_inputs(**other)).id


def member(driver: GcpDriver, role: str = "roles/storage.legacyBucketWriter") -> Properties:
    return {"bucket": bucket(driver), "role": role, "member": AGENT}


def granted(driver: GcpDriver) -> str:
    """A bucket that the transfer agent may write to."""
    inputs = member(driver)
    driver.create("gcp:storage/bucketIAMMember:BucketIAMMember", "writer", inputs)
    return str(inputs["bucket"])


def job_inputs(sink: str, **other: Any) -> Properties:
    return {
        "description": "everything that is not there, by the clock",
        "project": PROJECT,
        "status": "ENABLED",
        "schedule": {
            "scheduleStartDate": {"year": 2026, "month": 1, "day": 31},
            "repeatInterval": "3600s",
        },
        "transferSpec": {
            "awsS3DataSource": {"bucketName": "standfast-model-registry-us-east", "roleArn": ROLE},
            "gcsDataSink": {"bucketName": sink},
            "transferOptions": {
                "overwriteWhen": "DIFFERENT",
                "deleteObjectsUniqueInSink": False,
                "deleteObjectsFromSourceAfterTransfer": False,
                "metadataOptions": {
                    "storageClass": "STORAGE_CLASS_DESTINATION_BUCKET_DEFAULT",
                    "timeCreated": "TIME_CREATED_PRESERVE_AS_CUSTOM_TIME",
                },
            },
        },
        "loggingConfig": {"logActions": ["FIND", "COPY"], "logActionStates": ["FAILED"]},
        **other,
    }


def topic(driver: GcpDriver) -> Resource:
    return driver.create("gcp:pubsub/topic:Topic", "alarms", {"name": "model-copy-alarms"})


def channel_inputs(driver: GcpDriver) -> Properties:
    return {
        "displayName": "standfast: the copy of models",
        "type": "pubsub",
        "labels": {"topic": topic(driver).id},
        "userLabels": {"standfast-platform": "standfast"},
    }


def channel(driver: GcpDriver) -> str:
    token = "gcp:monitoring/notificationChannel:NotificationChannel"
    return driver.create(token, "channel", channel_inputs(driver)).id


def alert_inputs(driver: GcpDriver) -> Properties:
    watched = 'resource.type = "storage_transfer_job" AND metric.type = "storagetransfer.googleapis.com/x"'
    return {
        "displayName": "the copy is old",
        "combiner": "OR",
        "severity": "CRITICAL",
        "conditions": [
            {
                "displayName": "no object was copied",
                "conditionAbsent": {
                    "filter": watched,
                    "duration": "6300s",
                    "aggregations": [
                        {
                            "alignmentPeriod": "60s",
                            "perSeriesAligner": "ALIGN_DELTA",
                            "crossSeriesReducer": "REDUCE_SUM",
                        }
                    ],
                },
            }
        ],
        "notificationChannels": [channel(driver)],
        "documentation": {"content": "look", "mimeType": "text/markdown"},
        "alertStrategy": {"autoClose": "86400s"},
        "userLabels": {"standfast-platform": "standfast"},
    }


def pool(driver: GcpDriver) -> str:
    inputs = {"workloadIdentityPoolId": "standfast-readers", "displayName": "models"}
    made = driver.create("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", "pool", inputs)
    return str(made.outputs["workloadIdentityPoolId"])


def _drop(kind: str) -> Callable[[GcpDriver, Resource], Any]:
    return lambda d, r: d.session.api.store.drop(kind, "", str(r.outputs.get("name", r.id)))


def _changed(kind: str, **values: Any) -> Callable[[GcpDriver, Resource], Any]:
    def change(driver: GcpDriver, resource: Resource) -> None:
        store, name = driver.session.api.store, resource.outputs["name"]
        store.put(kind, "", name, value={**store.get(kind, "", name), **values})

    return change


SAMPLES: list[Sample] = [
    Sample(
        token="gcp:storage/bucket:Bucket",
        inputs=lambda d: bucket_inputs(),
        change={"softDeletePolicy": {"retentionDurationSeconds": 604_800}, "labels": {"kind": "models"}},
        meddle=lambda d, r: d.session.api.server.call(
            "PATCH", f"b/{r.id}", {"versioning": {"enabled": False}}
        ),
        drifted="versioning",
        wrong=(
            ({"location": "EUR9"}, "no location EUR9"),
            ({"location": "EUROPE-WEST4"}, "ASYNC_TURBO is for dual-regions"),
            ({"location": "EU"}, "ASYNC_TURBO is for dual-regions"),
            ({"name": "Standfast"}, "is not of lower-case letters"),
            ({"name": "google-models"}, "begins with goog"),
            ({"name": "10.0.0.1"}, "looks like an IP address"),
            ({"storageClass": "GLACIER"}, "none of STANDARD"),
            ({"softDeletePolicy": {"retentionDurationSeconds": 60}}, "7 to 90 days"),
            ({"unheardOf": 1}, "knows no input unheardOf"),
            ({"retentionPolicy": {"retentionPeriod": "0"}}, "retentionPeriod"),
            (
                {"lifecycleRules": [{"action": {"type": "Burn"}, "condition": {"age": 1}}]},
                "'Burn' is no action",
            ),
        ),
    ),
    Sample(
        token="gcp:storage/bucketIAMMember:BucketIAMMember",
        inputs=member,
        meddle=lambda d, r: d.session.api.store.drop("gcs-bucket-policy", "", r.outputs["bucket"]),
        wrong=(
            ({"role": "storage.admin"}, "is no role"),
            ({"member": "somebody"}, "is no principal"),
            ({"member": "allUsers"}, "public access prevention is enforced"),
        ),
    ),
    Sample(
        token="gcp:storage/transferJob:TransferJob",
        inputs=lambda d: job_inputs(granted(d)),
        change={"status": "DISABLED", "description": "stopped"},
        meddle=_changed(transfer.KIND, status="DISABLED"),
        drifted="status",
        wrong=(
            ({"schedule": {"scheduleStartDate": {"year": 2026, "month": 1}}}, "scheduleStartDate.day"),
            (
                {
                    "schedule": {
                        "scheduleStartDate": {"year": 2026, "month": 1, "day": 1},
                        "repeatInterval": "60s",
                    }
                },
                "less than an hour",
            ),
            ({"eventStream": {"name": "queue"}}, "no ARN of an SQS queue"),
            ({"loggingConfig": {"logActions": ["DANCE"]}}, "'DANCE' is none of"),
        ),
    ),
    Sample(
        token="gcp:monitoring/alertPolicy:AlertPolicy",
        inputs=alert_inputs,
        change={"severity": "WARNING", "userLabels": {"a": "b"}},
        meddle=_changed(monitoring.POLICY, severity="ERROR"),
        drifted="severity",
        wrong=(
            ({"combiner": "NOR"}, "'NOR' is none of"),
            ({"notificationChannels": ["projects/p/notificationChannels/1"]}, "does not exist"),
            ({"severity": "LOUD"}, "'LOUD' is none of"),
            ({"alertStrategy": {"notificationRateLimit": {"period": "300s"}}}, "log-based"),
        ),
    ),
    Sample(
        token="gcp:monitoring/notificationChannel:NotificationChannel",
        inputs=channel_inputs,
        change={"displayName": "other"},
        meddle=_drop(monitoring.CHANNEL),
        wrong=(({"type": "pigeon"}, "'pigeon'"), ({"labels": {"address": "x"}}, "one label topic")),
    ),
    Sample(
        token="gcp:pubsub/topic:Topic",
        inputs=lambda d: {"name": "model-copy-alarms", "labels": {"kind": "alarms"}},
        change={"messageRetentionDuration": "86400s", "labels": {"kind": "other"}},
        meddle=lambda d, r: d.session.api.store.drop(topics.KIND, "", r.id),
        wrong=(({"name": "goog"}, "no name of a topic"), ({"messageRetentionDuration": "1d"}, "duration")),
    ),
    Sample(
        token="gcp:pubsub/topicIAMMember:TopicIAMMember",
        inputs=lambda d: {
            "topic": topic(d).outputs["name"],
            "role": "roles/pubsub.publisher",
            "member": "serviceAccount:notifier@example.iam.gserviceaccount.com",
        },
        meddle=lambda d, r: d.session.api.store.drop(
            topics.POLICY, "", f"projects/{PROJECT}/topics/{r.outputs['topic']}"
        ),
        wrong=(({"role": "publisher"}, "is no role"),),
    ),
    Sample(
        token="gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
        inputs=lambda d: {"workloadIdentityPoolId": "standfast-a", "displayName": "models"},
        change={"description": "pods that read"},
        meddle=_changed(identity_pools.POOL, disabled=True),
        drifted="disabled",
        wrong=(({"workloadIdentityPoolId": "gcp-own"}, "begins with gcp-"),),
    ),
    Sample(
        token="gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        inputs=lambda d: {
            "workloadIdentityPoolId": pool(d),
            "workloadIdentityPoolProviderId": "aws-us-east",
            "oidc": {"issuerUri": "https://oidc.eks.us-east-1.amazonaws.com/id/X"},
            "attributeMapping": {"google.subject": "assertion.sub"},
            "attributeCondition": "assertion.sub in ['system:serviceaccount:ml-serving:inference-service']",
        },
        change={"attributeCondition": "false"},
        meddle=_changed(identity_pools.PROVIDER, attributeCondition="true"),
        drifted="attributeCondition",
        wrong=(
            ({"oidc": {"issuerUri": "http://x"}}, "does not begin with https://"),
            ({"attributeMapping": {}}, "google.subject is required"),
        ),
    ),
]
