"""Which pods are answered for: pure."""

from __future__ import annotations

NAMESPACE = "ml-serving"
APP = "inference"
"""The value of the label `app`, by which the Service, the policies and the budget know the pods."""
PORT = 8080
TRUST_DOMAIN = "cluster.local"
ROOT_NAMESPACE = "istio-system"
KEY = '.metadata.namespace + "/" + (.metadata.labels.app // "")'
"""The same for KWOK's stages, as a jq expression that gives VALUE."""
VALUE = f"{NAMESPACE}/{APP}"
