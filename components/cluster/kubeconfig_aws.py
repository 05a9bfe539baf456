"""How to reach an EKS cluster."""

from __future__ import annotations

from typing import Any


def kubeconfig(name: str, location: str, endpoint: str, ca_data: str) -> dict[str, Any]:
    """A kubeconfig whose one context has the cluster's name; ``ca_data`` is base64, as EKS gives it.

    Nothing in it is secret: the token comes from the caller's own AWS identity, each time.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
    """
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": ca_data}},
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": [
                            "eks",
                            "get-token",
                            "--region",
                            location,
                            "--cluster-name",
                            name,
                            "--output",
                            "json",
                        ],
                        "env": None,
                        "interactiveMode": "Never",
                        "provideClusterInfo": False,
                    }
                },
            }
        ],
    }
