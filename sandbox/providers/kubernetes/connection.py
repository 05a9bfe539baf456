"""The way to an API server: which one a kubeconfig means, and how its failures read."""

from __future__ import annotations

import subprocess
from typing import Any

import httpx2
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.settings import Settings, parse_document


class UnreachableError(ProviderError):
    """The API server does not answer."""


class Told:
    """Says in the user's words that the API server, or the way to it, failed."""

    def __init__(self, endpoint: str, context: str) -> None:
        self._where = f"Kubernetes API server {endpoint} (context {context})"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, httpx2.ReadTimeout) and "watch=true" in str(error.request.url):
            return
        if isinstance(error, httpx2.TransportError):
            cause = str(error) or type(error).__name__
            raise UnreachableError(
                f"{self._where} cannot be reached: {cause}. Is the cluster up, and is this its address?"
            ) from error
        if isinstance(error, ConfigError | OSError | subprocess.SubprocessError | KeyError | ValueError):
            raise ProviderError(
                f"{self._where}: its kubeconfig's credentials cannot be had: {error}"
            ) from error


def single_config(settings: Settings) -> SingleConfig:
    """Server, user and namespace of the context that `settings` choose. Raises ProviderError."""
    document = parse_document(settings.kubeconfig)
    chosen = settings.context or document.get("current-context")
    if not chosen:
        raise ProviderError("provider setting kubeconfig: it has no current context; set the setting context")
    if settings.cluster is not None:
        if settings.cluster not in {entry["name"] for entry in document["clusters"]}:
            raise ProviderError(f"provider setting cluster: the kubeconfig has no cluster {settings.cluster}")
        document = _with_cluster(document, chosen, settings.cluster)
    try:
        source = settings.folder / "kubeconfig" if settings.folder else None
        config = KubeConfig.from_dict(document, fname=source).get(chosen)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise ProviderError(f"provider setting kubeconfig: {error}") from error
    assert config is not None  # noqa: S101 (a chosen context is found, or refused above)
    return SingleConfig(
        config.context_name, config.context, config.cluster, config.user or User(), config.fname
    )


def _with_cluster(document: dict[str, Any], context: str, cluster: str) -> dict[str, Any]:
    """`document` with a context pointed at another of its clusters."""
    contexts = [
        {**entry, "context": {**entry["context"], "cluster": cluster}} if entry["name"] == context else entry
        for entry in document["contexts"]
    ]
    return {**document, "contexts": contexts}
