"""Inputs that the tests share."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base import Properties

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
NAMESPACE = "kubernetes:core/v1:Namespace"
RELEASE = "kubernetes:helm.sh/v3:Release"


def named(name: str, namespace: str, **rest: Any) -> Properties:
    return {"metadata": {"name": name, "namespace": namespace}, **rest}


def config_map(namespace: str, **data: Any) -> Properties:
    return named("settings", namespace, data=data)


def pod_template(label: str = "app", image: str = "app:1", **spec: Any) -> Properties:
    resources = {"requests": {"cpu": "1000m", "memory": "1024Mi"}}
    containers = [{"name": "app", "image": image, "resources": resources}]
    return {"metadata": {"labels": {"app": label}}, "spec": {"containers": containers, **spec}}


def deployment(namespace: str, replicas: int = 1, image: str = "app:1", **spec: Any) -> Properties:
    return named(
        "app",
        namespace,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "app"}},
            "template": pod_template(image=image, **spec),
        },
    )


def annotated(inputs: Properties, **annotations: str) -> Properties:
    """`inputs` with annotations `pulumi.com/<key>`."""
    given = {f"pulumi.com/{key}": value for key, value in annotations.items()}
    return {**inputs, "metadata": {**inputs["metadata"], "annotations": given}}
