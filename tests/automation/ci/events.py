"""The engine's events, as it writes them."""

from __future__ import annotations

from typing import Any

from pulumi.automation import EngineEvent

BUCKET = "urn:pulumi:us-east::standfast::standfast:model_buckets:ModelBuckets$aws:s3/bucket:Bucket::models"
VPC = "urn:pulumi:us-east::standfast::standfast:network:Network$aws:ec2/vpc:Vpc::network-vpc"
SECRET = "urn:pulumi:us-east::standfast::standfast:mesh:MeshCa$kubernetes:core/v1:Secret::mesh-ca-cacerts"
STACK = "urn:pulumi:us-east::standfast::pulumi:pulumi:Stack::standfast-us-east"


def event(**content: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **content})


def state(
    urn: str, inputs: dict[str, Any] | None = None, *, protect: bool = False, retain: bool = False
) -> dict[str, Any]:
    """A resource as a step's events describe it."""
    fields = {"type": "", "urn": urn, "id": "", "parent": "", "provider": "", "outputs": {}}
    return {**fields, "inputs": inputs or {}, "protect": protect, "retainOnDelete": retain}


def step(op: str, urn: str, *, kind: str = "resOutputsEvent", **more: Any) -> EngineEvent:
    type_ = urn.split("::")[2].rpartition("$")[2]
    return event(**{kind: {"metadata": {"op": op, "urn": urn, "type": type_, "provider": "", **more}}})


def diagnostic(message: str, urn: str = "", severity: str = "error") -> EngineEvent:
    return event(diagnosticEvent={"message": message, "color": "raw", "severity": severity, "urn": urn})


def policy(
    name: str, urn: str, level: str = "mandatory", message: str = "t. r.\nwrong\nWhat to do: m"
) -> EngineEvent:
    return event(
        policyEvent={
            "resourceUrn": urn,
            "message": message,
            "color": "raw",
            "policyName": name,
            "policyPackName": "standfast",
            "policyPackVersion": "0.1.0",
            "policyPackVersionTag": "0.1.0",
            "enforcementLevel": level,
        }
    )


PROTECTED = (
    f'unable to replace resource "{BUCKET}"\nas it is currently marked for protection. To unprotect the '
    "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`\n"
)
