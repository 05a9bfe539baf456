"""One configured provider resource, and what depends on nothing else: kinds, ids and field managers."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from sandbox.providers.base import Call, Properties, ProviderError
from sandbox.providers.kubernetes.api import Cluster, Kind
from sandbox.providers.kubernetes.settings import Settings

MANAGER_KEY: Final = "__fieldManager"
# A namespace or a definition that is being made at this moment is waited for this long, in seconds.
PATIENCE: Final = (0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Instance:
    """One configured provider resource.

    announced: (group, kind) of the custom resources whose definition a preview has seen, not created.
    """

    settings: Settings
    cluster: Cluster
    announced: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


def manager_of(call: Call[Instance], outputs: Properties) -> str:
    """The resource's field manager: from its state, for a new one derived from its URN."""
    digest = hashlib.sha256(call.urn.encode()).hexdigest()[:8]
    return outputs.get(MANAGER_KEY) or f"pulumi-kubernetes-{digest}"


def id_of(kind: Kind, document: Properties) -> str:
    metadata = document["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if kind.namespaced else metadata["name"]


def required_kind(call: Call[Instance], inputs: Properties) -> Kind:
    """The kind of `inputs`; one that is being defined at this moment is waited for. Raises ProviderError."""
    api_version, kind_name = inputs["apiVersion"], inputs["kind"]
    for pause in () if call.preview else PATIENCE:
        if call.instance.cluster.kind(api_version, kind_name) is not None:
            break
        time.sleep(pause)
    kind = known_kind(call, api_version, kind_name)
    if kind is None:
        raise unknown_kind(call, api_version, kind_name)
    return kind


def known_kind(call: Call[Instance], api_version: str, kind_name: str) -> Kind | None:
    """The kind, None if this preview has announced its definition. Raises ProviderError for any other."""
    kind = call.instance.cluster.kind(api_version, kind_name)
    with call.instance.lock:
        announced = (api_version.rpartition("/")[0], kind_name) in call.instance.announced
    if kind is None and not announced:
        raise unknown_kind(call, api_version, kind_name)
    return kind


def unknown_kind(call: Call[Instance], api_version: str, kind_name: str) -> ProviderError:
    """What to say of a kind that the API server does not have."""
    cluster = call.instance.cluster
    known = cluster.kinds(api_version)
    there = f"of {api_version} it knows {', '.join(known)}" if known else f"it knows nothing of {api_version}"
    return ProviderError(
        f"{call.type} '{call.name}': the API server {cluster.endpoint} knows no kind {kind_name} in "
        f"{api_version} ({there}). Look at the spelling, or install its definition first (depends_on)"
    )
