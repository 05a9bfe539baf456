"""Type tokens of Kubernetes kinds: `kubernetes:<group>/<version>:<Kind>`, `core` for the first group."""

from __future__ import annotations

from sandbox.providers.base import ProviderError

RELEASE = "kubernetes:helm.sh/v3:Release"


def parse_token(token: str) -> tuple[str, str]:
    """The (apiVersion, kind) that `token` stands for. Raises ProviderError for what is no kind."""
    package, _, rest = token.partition(":")
    api_version, _, kind = rest.rpartition(":")
    if package != "kubernetes" or not api_version or not kind:
        raise ProviderError(f"{token} is no type of the kubernetes provider")
    if api_version.startswith(("helm.sh/", "yaml", "kustomize")):
        raise ProviderError(
            f"{token}: the sandbox's kubernetes provider renders no charts; use {RELEASE} or declare "
            "the objects themselves"
        )
    return api_version.removeprefix("core/"), kind


def refuse_patch_kinds(token: str, kind: str, given_kind: object) -> None:
    """Raise for the Patch and List variants, which pulumi_kubernetes has beside every kind."""
    if kind.endswith("Patch") and given_kind == kind.removesuffix("Patch"):
        raise ProviderError(
            f"{token}: Patch resources are not had in the sandbox: what is to be patched belongs to "
            f"someone else. Declare the {given_kind} itself, or change it where it is made"
        )
    if kind.endswith("List") and kind != "List" and given_kind == kind:
        raise ProviderError(f"{token}: declare each {kind.removesuffix('List')} by itself instead of a list")
