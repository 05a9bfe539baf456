"""Who may do what for the copy: Storage Transfer on AWS, and Storage Transfer and readers on GCS."""

from __future__ import annotations

import hashlib
from typing import Any

import pulumi

WRITER, COMPARER = "roles/storage.legacyBucketWriter", "roles/storage.legacyObjectReader"
"""Put objects into this one bucket and list it, and look at one before it is replaced: no more.

Replacing asks for the permission to delete, which versions turn into keeping the old one.
Source: https://docs.cloud.google.com/storage-transfer/docs/sink-cloud-storage
"""

READER = "roles/storage.objectViewer"

EVENTS = ["s3:ObjectCreated:*"]
"""Every object that comes, by upload or by replication from a peer.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
"""


def transfer_trust(subject_id: str) -> list[dict[str, Any]]:
    """Only the project's own transfer agent may take the role, by the identity that Google gives it.

    ``subject_id`` is the number of that service agent. Nobody holds a key.
    Source: https://docs.cloud.google.com/storage-transfer/docs/source-amazon-s3#federated_identity
    """
    return [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "accounts.google.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"accounts.google.com:sub": subject_id}},
        }
    ]


def source_statements(
    bucket_arn: pulumi.Input[str], location: str, kms_key_arn: pulumi.Input[str]
) -> list[dict[str, Any]]:
    """Read the models of one bucket through S3 and its key; write nothing.

    The key's own policy lets S3 of its location use it for whom IAM allows to.
    Source: https://docs.cloud.google.com/storage-transfer/docs/source-amazon-s3#required_permissions
    """
    return [
        {
            "Sid": "ListModels",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": bucket_arn,
        },
        {
            "Sid": "ReadModels",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.concat(bucket_arn, "/*"),
        },
        {
            "Sid": "DecryptModels",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": kms_key_arn,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": f"s3.{location}.amazonaws.com",
                    "kms:EncryptionContext:aws:s3:arn": bucket_arn,
                }
            },
        },
    ]


def listener_statement(queue_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Take events from the queue, and put back those whose object could not be copied.

    Source: https://docs.cloud.google.com/storage-transfer/docs/event-driven-aws
    """
    return {
        "Sid": "TakeEvents",
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
        "Resource": queue_arn,
    }


def queue_policy(
    queue_arn: pulumi.Input[str], bucket_arn: pulumi.Input[str], account: str
) -> list[dict[str, Any]]:
    """S3 may send for this bucket of this account; nobody may speak to the queue over plain HTTP.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    return [
        {
            "Sid": "EventsOfTheBucket",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnEquals": {"aws:SourceArn": bucket_arn},
            },
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


def pool_id(platform: str, job_name: str) -> str:
    """The id of the readers' identity pool, another one each time that the copy is taken over.

    Google keeps a deleted pool's id for 30 days, in which a region that takes the copy back needs another.
    ``job_name`` is the one that Storage Transfer gave the job.
    Source: https://docs.cloud.google.com/iam/docs/manage-workload-identity-pools-providers
    """
    return f"{platform}-{hashlib.sha256(job_name.encode()).hexdigest()[:10]}"


def provider_id(region: str) -> str:
    """Of one region's cluster in the pool: 4 to 32 characters, which a region's name alone may not have."""
    return f"aws-{region}"


def project_number(pool_name: str) -> str:
    """Of ``projects/<number>/locations/global/workloadIdentityPools/<id>``."""
    return pool_name.split("/")[1]


def principal(pool_name: str, subject: str) -> str:
    """One Kubernetes service account, as IAM names it.

    Source: https://docs.cloud.google.com/iam/docs/principal-identifiers
    """
    return f"principal://iam.googleapis.com/{pool_name}/subject/{subject}"


def notifier(number: str) -> str:
    """Who publishes alerts to a topic, once a channel of that kind was made.

    Source: https://docs.cloud.google.com/monitoring/support/notification-options#pubsub
    """
    return f"serviceAccount:service-{number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
