"""The configuration of one `kubernetes` provider resource.

Keys are those of pulumi_kubernetes.Provider; what this provider cannot do is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from sandbox.providers.base import UNKNOWN, Failure, Properties, ProviderError, as_bool

# Options that change nothing here: they tune the client or silence warnings that are never given.
_WITHOUT_EFFECT: Final = frozenset(
    {"clusterIdentifier", "kubeClientSettings", "suppressDeprecationWarnings", "suppressHelmHookWarnings"}
)
_HONOURED: Final = frozenset(
    {
        "kubeconfig",
        "context",
        "cluster",
        "namespace",
        "enableServerSideApply",
        "enableConfigMapMutable",
        "enableSecretMutable",
        "enablePatchForce",
        "upsertExistingObjects",
    }
)
_NOT_HAD: Final = frozenset(
    {
        "alwaysRender",
        "deleteUnreachable",
        "helmReleaseSettings",
        "renderYamlToDirectory",
        "skipUpdateUnreachable",
    }
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a provider resource says.

    kubeconfig: the document, as text. folder: what its relative paths start from, None for one given inline.
    namespace: for objects that name none; empty means that of the context, then `default`.
    replaced_kinds: of ConfigMap and Secret, those whose data is not to change in place.
    """

    kubeconfig: str
    folder: Path | None = None
    context: str | None = None
    cluster: str | None = None
    namespace: str = ""
    patch_force: bool = False
    upsert: bool = False
    replaced_kinds: frozenset[str] = frozenset()


def check_settings(config: Properties) -> Sequence[Failure]:
    """Refuse unknown keys, and values that are certainly wrong; `UNKNOWN` values pass."""
    failures: list[Failure] = []
    for key, value in config.items():
        if key in _NOT_HAD and value not in (False, "false"):
            failures.append(
                Failure(property=key, reason=f"{key} is not to be had in the sandbox; leave it out")
            )
        elif key not in _HONOURED | _WITHOUT_EFFECT | _NOT_HAD:
            allowed = ", ".join(sorted(_HONOURED | _WITHOUT_EFFECT))
            failures.append(
                Failure(
                    property=key,
                    reason=f"{key} is no setting of the kubernetes provider; there are {allowed}",
                )
            )
    if not failures and UNKNOWN not in config.values():
        try:
            parse_settings(config)
        except ProviderError as error:
            failures.append(Failure(property="", reason=str(error)))
    return failures


def parse_settings(config: Properties) -> Settings:
    """The settings in `config`, all values known. Raises ProviderError."""
    if not as_bool(config.get("enableServerSideApply", True), key="enableServerSideApply"):
        raise ProviderError(
            "provider setting enableServerSideApply: the sandbox only applies on the server; set it or "
            "leave it out"
        )
    text, folder = _kubeconfig(config.get("kubeconfig"))
    replaced = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
    return Settings(
        kubeconfig=text,
        folder=folder,
        context=config.get("context"),
        cluster=config.get("cluster"),
        namespace=config.get("namespace", ""),
        patch_force=as_bool(config.get("enablePatchForce", False), key="enablePatchForce"),
        upsert=as_bool(config.get("upsertExistingObjects", False), key="upsertExistingObjects"),
        replaced_kinds=frozenset(
            kind for kind, key in replaced.items() if key in config and not as_bool(config[key], key=key)
        ),
    )


def _kubeconfig(given: Any) -> tuple[str, Path | None]:
    """The kubeconfig's text: `given` is a document, or the path of a file that holds one."""
    if not given:
        raise ProviderError(
            "provider setting kubeconfig: none is given, and none is taken from the surroundings; "
            "give the content or the path of a kubeconfig"
        )
    if isinstance(given, dict):
        return yaml.safe_dump(given), None
    text = str(given)
    folder: Path | None = None
    if "\n" not in text and not text.lstrip().startswith("{"):
        path = Path(text).expanduser()
        try:
            text, folder = path.read_text(), path.parent
        except OSError as error:
            raise ProviderError(
                f"provider setting kubeconfig: {path} cannot be read: {error.strerror}"
            ) from error
    parse_document(text)
    return text, folder


def parse_document(text: str) -> dict[str, Any]:
    """A kubeconfig's text as a mapping that has clusters, contexts and users."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProviderError(f"provider setting kubeconfig: it is neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(cast(dict[str, Any], document).get("clusters"), list):
        raise ProviderError("provider setting kubeconfig: it is no kubeconfig (it has no list of clusters)")
    return cast(dict[str, Any], document)
