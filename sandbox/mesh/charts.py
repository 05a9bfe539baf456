"""What Istio's own charts and injector make of the releases that are deployed.

A release is recorded in the API server with its values, and no object of it is made there. The real helm
renders the charts of the Istio module with these values, and the real istioctl injects the gateways, so that
flags, environment and labels are those of a cluster. The charts are of the module that istiod is built from,
not of the published version that the release names.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.kube import Api
from sandbox.paths import write_atomic
from sandbox.releases import Release, releases
from sandbox.tools import Tools

UNITS = ("istiod", "istio", "helm")
"""The units of the catalogue that the mesh is made with."""
ISTIO_SYSTEM = "istio-system"
_FOLDERS = {"istiod": "istio-control/istio-discovery", "gateway": "gateway"}
_SECONDS = 60.0

Objects = dict[tuple[str, str], dict[str, Any]]
"""Objects by kind and name."""


@dataclass(frozen=True)
class Deployed:
    """A region's Istio releases, rendered. `gateways` has the injected Deployment of each gateway release."""

    istiod: Objects
    gateways: Mapping[str, dict[str, Any]]
    accounts: Sequence[dict[str, Any]]

    @property
    def mesh_config(self) -> dict[str, Any]:
        """ConfigMap `istio`, as the chart makes it."""
        return self.istiod["ConfigMap", "istio"]


def deployed(api: Api, kubeconfig: Path, tools: Tools, folder: Path) -> Deployed:
    """Render what is deployed, with `folder` for the files in between. SandboxError when Istio is not."""
    found = [one for one in releases(api) if one.namespace == ISTIO_SYSTEM and one.chart in _FOLDERS]
    rendered = {release.name: render(release, tools, folder) for release in found}
    if "istiod" not in rendered or len(rendered) < 2:
        raise SandboxError(
            "the region has no mesh: istiod and its gateways are not deployed",
            remedy="run `standfast up --target sandbox`",
        )
    istiod = rendered.pop("istiod")
    gateways = {
        name: inject(objects["Deployment", name], istiod, kubeconfig, tools, folder)
        for name, objects in rendered.items()
    }
    made = (istiod, *rendered.values())
    accounts = [one for objects in made for (kind, _), one in objects.items() if kind == "ServiceAccount"]
    return Deployed(istiod, gateways, accounts)


def render(release: Release, tools: Tools, folder: Path) -> Objects:
    """The objects that the real helm makes of a release."""
    values = folder / f"{release.name}-values.json"
    write_atomic(values, json.dumps(release.values))
    chart = tools.folder("istio") / "charts" / _FOLDERS[release.chart]
    argv = [tools.program("helm"), "template", release.name, chart, "--namespace", release.namespace]
    return _objects(_run([*argv, "--values", values]))


def inject(
    deployment: Mapping[str, Any], istiod: Objects, kubeconfig: Path, tools: Tools, folder: Path
) -> dict[str, Any]:
    """The Deployment as the real injector makes it, with the proxy's arguments and environment."""
    injector = istiod["ConfigMap", "istio-sidecar-injector"]["data"]
    mesh = istiod["ConfigMap", "istio"]["data"]["mesh"]
    texts = {"config": injector["config"], "values": injector["values"], "mesh": mesh}
    files = {key: folder / f"injector-{key}.yaml" for key in texts}
    for key, text in texts.items():
        write_atomic(files[key], text)
    source = folder / f"{deployment['metadata']['name']}.json"
    write_atomic(source, json.dumps(deployment))
    # It asks the API server, though the files say everything.
    argv = [tools.program("istioctl"), "kube-inject", "--kubeconfig", kubeconfig]
    argv += ["--injectConfigFile", files["config"]]
    argv += ["--valuesFile", files["values"], "--meshConfigFile", files["mesh"], "-f", source]
    injected = _objects(_run(argv))
    return injected["Deployment", deployment["metadata"]["name"]]


def container(deployment: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A container of a Deployment's pods."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next(one for one in containers if one["name"] == name)


def environment(of: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """A container's environment. `fields` holds the pod's own fields by their path, such as `status.podIP`.

    A variable is left out when its source is neither a text nor one of these fields.
    """
    known: dict[str, str] = {}
    for entry in of.get("env", []):
        source = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        if "valueFrom" not in entry:
            known[entry["name"]] = _expanded(entry.get("value", ""), known)
        elif source in fields:
            known[entry["name"]] = fields[source]
    return known


def arguments(of: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
    """A container's arguments, with $(VARIABLES) of its environment filled in."""
    return [_expanded(argument, known) for argument in of.get("args", [])]


def _expanded(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"$({name})", value)
    return text


def _objects(text: str) -> Objects:
    documents: list[Any] = [one for one in yaml.safe_load_all(text) if one]
    for one in documents:
        if not isinstance(one, dict) or "kind" not in one:
            raise SandboxError(f"instead of a Kubernetes object this was printed: {str(one)[:600]}")
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def _run(argv: Sequence[str | Path]) -> str:
    program = Path(argv[0]).name
    try:
        done = subprocess.run(
            [str(part) for part in argv], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{program} cannot be run: {error}") from error
    if done.returncode:
        raise SandboxError(f"{program} {argv[1]} failed: {done.stderr.strip()[-600:]}")
    return done.stdout
