"""Stands in for the part of sidecar injection that others see: the label of a pod with mTLS.

istiod sends mTLS to a pod, and sends to a pod behind a peer's gateway at all, only when the pod bears it
(https://istio.io/latest/docs/reference/config/labels/). The injector's webhook sets it on each pod of a
namespace labelled for injection; here an admission policy of the API server does, and pods that are there
already get it. No container is added.
"""

from __future__ import annotations

import http.client
from typing import Any

from sandbox.kube import Api, ApiError

LABEL = "security.istio.io/tlsMode"
NAME = "standfast-sandbox-injection"
_GROUP = "/apis/admissionregistration.k8s.io/v1"
_NAMESPACES = {"istio-injection": "enabled"}
_REFUSED = "sidecar.istio.io/inject"


def policy() -> dict[str, Any]:
    """https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": NAME},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": _NAMESPACES},
                "objectSelector": {
                    "matchExpressions": [{"key": _REFUSED, "operator": "NotIn", "values": ["false"]}]
                },
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
            },
            "mutations": [
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {
                        "expression": f'Object{{metadata: Object.metadata{{labels: {{"{LABEL}": "istio"}}}}}}'
                    },
                }
            ],
        },
    }


def binding() -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": NAME},
        "spec": {"policyName": NAME},
    }


def start(api: Api) -> None:
    """Label every pod that an injector would have injected, those to come and those that are there."""
    api.apply(f"{_GROUP}/mutatingadmissionpolicies/{NAME}", policy())
    api.apply(f"{_GROUP}/mutatingadmissionpolicybindings/{NAME}", binding())
    injected = ",".join(f"{key}%3D{value}" for key, value in _NAMESPACES.items())
    for namespace in api.get(f"/api/v1/namespaces?labelSelector={injected}")["items"]:
        path = f"/api/v1/namespaces/{namespace['metadata']['name']}/pods"
        wanted = f"{_REFUSED}%21%3Dfalse%2C%21{LABEL.replace('/', '%2F')}"
        for pod in api.get(f"{path}?labelSelector={wanted}")["items"]:
            _label(api, f"{path}/{pod['metadata']['name']}")


def _label(api: Api, pod: str) -> None:
    labels = {"metadata": {"labels": {LABEL: "istio"}}}
    try:
        api.call("PATCH", pod, labels, content_type="application/merge-patch+json")
    except ApiError as error:
        if error.status != http.client.NOT_FOUND:  # it went since it was listed
            raise


def stop(api: Api) -> None:
    """Pods to come are no longer labelled."""
    for plural in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        if api.find(f"{_GROUP}/{plural}/{NAME}") is not None:
            api.call("DELETE", f"{_GROUP}/{plural}/{NAME}")
