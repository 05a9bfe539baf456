"""Arguments that the alerting tests share."""

from __future__ import annotations

from datetime import timedelta

from components.alerting.args import AlertingArgs, Peer, Probe
from components.alerting.aws import S3_MODULE, sns_receiver

ARGS = AlertingArgs(
    region="us-east",
    zones=["us-east-1a", "us-east-1b", "us-east-1c"],
    replicas=6,
    min_available=4,
    host="us-east.example.com",
    peers=[
        Peer(region="eu-west", host="eu-west.example.com"),
        Peer(region="ap-south", host="ap-south.example.com"),
    ],
    model_storage=Probe(url="https://models.s3.us-east-1.amazonaws.com/", module=S3_MODULE),
    schedules={"ml-backup-daily": timedelta(hours=26), "ml-backup-rpo": timedelta(minutes=30)},
    cronjobs={"model-registry-backup": timedelta(hours=1)},
    event_source_url="http://prometheus-alerts.argo-events.svc:12000/inference-down",
    token="hush",
    receiver=sns_receiver("arn:aws:sns:us-east-1:123456789012:alarms", "us-east-1"),
)
