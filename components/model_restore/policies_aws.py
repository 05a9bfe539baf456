"""What the way back may do on AWS."""

from __future__ import annotations

from typing import Any

import pulumi

from components.model_restore.args import ModelRestoreArgs


def write_statements(args: ModelRestoreArgs) -> list[dict[str, Any]]:
    """Look at objects and put new versions; delete nothing, so that a mistake here can be taken back.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    objects = pulumi.Output.concat(args.bucket_arn, "/*")
    return [
        {
            # Without it S3 says of an object that is not there that it may not be seen.
            "Sid": "ListModels",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": args.bucket_arn,
        },
        {
            "Sid": "PutVersions",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": objects,
        },
        {
            "Sid": "UseKeyThroughS3",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": args.kms_key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"s3.{args.location}.amazonaws.com"}},
        },
    ]
