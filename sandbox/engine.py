"""Makes the folder in which the Pulumi engine runs for a sandbox, and the environment it runs in.

The program and its stack files stay those of the checkout: the folder holds copies of the files and a link to
the program, since the engine writes into stack files and nothing may be written in the checkout.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.host import python_command
from sandbox.paths import DIRECTORY_VARIABLE, MARKER_VARIABLE, SandboxPaths, write_atomic

PROJECT_FILE = "Pulumi.yaml"
_SHIMS = {
    "pulumi-language-python": "sandbox.shims.language_host",
    "pulumi-analyzer-policy-python": "sandbox.shims.analyzer",
    "aws": "sandbox.shims.aws",
}
_OWN_KEYS = ("encryptionsalt", "secretsprovider", "encryptedkey")
# The certificates of the mesh's CA, whose key is a secret beside them.
_WITH_SECRETS = ("standfast:meshCa",)


def write_executables(paths: SandboxPaths, pulumi: Path, *, own_hosts: bool) -> None:
    """Fill `<sandbox>/bin`: the `pulumi` that runs, and our stand-ins under the names that are looked for.

    `own_hosts` is False for a released `pulumi`, which brings its own language host and analyzer.
    """
    for name, module in _SHIMS.items():
        if name == "aws" or own_hosts:
            _write_script(paths.bin / name, python_command(module), paths)
    _place(pulumi, paths.bin / "pulumi", linked=not own_hosts)


def _place(pulumi: Path, target: Path, *, linked: bool) -> None:
    """Put `pulumi` at `target`.

    A released one is linked to, and goes on finding its hosts beside itself. Ours is there as a file, which
    costs no space where a hard link can be made: it takes hosts beside itself without a warning.
    """
    target.unlink(missing_ok=True)
    if linked:
        target.symlink_to(pulumi)
        return
    try:
        os.link(pulumi, target)
    except OSError:
        shutil.copy2(pulumi, target)


def _write_script(path: Path, argv: list[str], paths: SandboxPaths) -> None:
    # Through /bin/sh: the kernel cuts a `#!` line that is long or has spaces in it.
    where = f"{DIRECTORY_VARIABLE}={shlex.quote(str(paths.root))}; export {DIRECTORY_VARIABLE}"
    write_atomic(path, f'#!/bin/sh\n{where}\nexec {shlex.join(argv)} "$@"\n', mode=0o755)


def prepare_workspace(paths: SandboxPaths, checkout: Path) -> Path:
    """Bring `<sandbox>/workspace` up to date with the checkout's project and stack files; the folder.

    Copies are made anew each time, so that an edited stack file counts at once; what the engine wrote into a
    copy (its salt, secrets set in the sandbox) is kept.
    """
    folder = paths.workspace
    folder.mkdir(parents=True, exist_ok=True)
    project = _read(checkout / PROJECT_FILE)
    if "main" in project:
        raise SandboxError(
            f"{checkout / PROJECT_FILE} sets `main`", remedy="the program is the folder's __main__.py"
        )
    _write(folder / PROJECT_FILE, {**project, "main": "program/"})
    link = folder / "program"
    if not (link.is_symlink() and link.readlink() == checkout):
        link.unlink(missing_ok=True)
        link.symlink_to(checkout, target_is_directory=True)
    for source in sorted(checkout.glob("Pulumi.*.yaml")):
        target = folder / source.name
        _write(target, merged_stack(_read(source), _read(target) if target.exists() else {}))
    return folder


def merged_stack(ours: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The sandbox's copy of a stack file: `ours` of the checkout over what is `kept` in the copy.

    Secrets and the key they are sealed with never cross: those of a real account cannot be opened here, and
    the sandbox's own stay in the sandbox.
    """
    config = {k: v for k, v in ours.get("config", {}).items() if not _stays(k, v)}
    own = {k: v for k, v in kept.get("config", {}).items() if _stays(k, v)}
    merged = {k: v for k, v in ours.items() if k not in {*_OWN_KEYS, "config"}}
    merged["config"] = {**config, **{k: v for k, v in own.items() if k not in config}}
    merged.update({k: kept[k] for k in _OWN_KEYS if k in kept})
    return merged


def _stays(key: str, value: Any) -> bool:
    """Whether a config value stays where it was set: a secret, and what is of use only with one."""
    return key in _WITH_SECRETS or is_secret(value)


def is_secret(value: Any) -> bool:
    """Whether a config value is sealed, or holds a sealed part."""
    if isinstance(value, Mapping):
        return set(value) == {"secure"} or any(is_secret(part) for part in value.values())
    return isinstance(value, list) and any(is_secret(part) for part in value)


def engine_environment(
    paths: SandboxPaths, *, passphrase: str, providers: Mapping[str, int]
) -> dict[str, str]:
    """What the Pulumi command line and Automation API need to run against this sandbox.

    `providers`: package → port of the process that serves it. Everything that could reach a real account is
    overwritten: an ambient credential, profile or kubeconfig never takes part.
    """
    path = os.pathsep.join(
        [str(paths.bin), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    )
    return {
        "PATH": path,
        # The engine asks who runs it, and a container's user may have no name.
        "USER": os.environ.get("USER") or "sandbox",
        "HOME": str(Path.home()),
        "PULUMI_HOME": str(paths.pulumi_home),
        # Without the metadata files beside the state: they are not written in one piece, and an engine that
        # is killed while it writes one leaves a state that cannot be read (`error: EOF`).
        "PULUMI_BACKEND_URL": f"file://{paths.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in sorted(providers.items())),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # It writes the whole state at each step: collecting less often saves a fifth of its time.
        "GOGC": "400",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "GOOGLE_APPLICATION_CREDENTIALS": os.devnull,
        "CLOUDSDK_CONFIG": os.devnull,
        "KUBECONFIG": os.devnull,
        MARKER_VARIABLE: paths.id,
        DIRECTORY_VARIABLE: str(paths.root),
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise SandboxError(
            f"{path} is missing", remedy="run the command in a checkout of the project"
        ) from None
    except yaml.YAMLError as error:
        raise SandboxError(f"{path} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise SandboxError(f"{path} holds no mapping")
    return document


def _write(path: Path, document: Mapping[str, Any]) -> None:
    write_atomic(path, yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True))
