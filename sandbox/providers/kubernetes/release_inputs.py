"""The inputs of a Helm release: what Helm would refuse, and what makes a release differ from day to day."""

from __future__ import annotations

import re
from typing import Any, Final

from sandbox.providers.base import UNKNOWN, Call, Checked, Failure, Properties
from sandbox.providers.kubernetes.instance import Instance

_VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_MAX_NAME: Final = 53  # Helm's own limit
_REPOSITORY_KEYS: Final = frozenset({"repo", "caFile", "certFile", "keyFile", "username", "password"})
_FLAGS: Final = frozenset(
    {
        "allowNullValues",
        "atomic",
        "cleanupOnFail",
        "disableCRDHooks",
        "disableOpenapiValidation",
        "disableWebhooks",
        "forceUpdate",
        "lint",
        "recreatePods",
        "renderSubchartNotes",
        "replace",
        "resetValues",
        "reuseValues",
        "skipAwait",
        "skipCrds",
        "takeOwnership",
        "waitForJobs",
    }
)
_OTHERS: Final = frozenset(
    {
        "chart",
        "compat",
        "description",
        "maxHistory",
        "name",
        "namespace",
        "repositoryOpts",
        "timeout",
        "values",
        "version",
    }
)
_NOT_HAD: Final = {
    "createNamespace": "declare the namespace as a resource of its own",
    "dependencyUpdate": "the chart is not rendered here",
    "devel": "it makes the version move; name the version",
    "keyring": "the chart is not fetched here",
    "postrender": "the chart is not rendered here",
    "valueYamlFiles": "give the values themselves",
    "verify": "the chart is not fetched here",
}


def check(call: Call[Instance], new: Properties) -> Checked:
    """Fill in the namespace; a failure for each input that is refused."""
    failures: list[Failure] = []

    def refuse(key: str, why: str) -> None:
        failures.append(Failure(property=key, reason=f"Helm release '{call.name}': {why}"))

    for key, value in new.items():
        if key in _NOT_HAD and value not in (False, [], ""):
            refuse(key, f"{key} is not had in the sandbox: {_NOT_HAD[key]}")
        elif key not in _FLAGS | _OTHERS | _NOT_HAD.keys() and key not in ("manifest", "resourceNames"):
            refuse(key, f"there is no input {key}; there are {', '.join(sorted(_FLAGS | _OTHERS))}")
        elif key in _FLAGS and not isinstance(value, bool) and value is not UNKNOWN:
            refuse(key, f"{key} is {value!r}, neither true nor false")
        elif key in ("timeout", "maxHistory") and value is not UNKNOWN and not _whole(value):
            refuse(key, f"{key} is {value!r}, no whole number of at least 0")
        elif key == "values" and not isinstance(value, dict) and value is not UNKNOWN:
            refuse(key, "values is no mapping")
    _check_chart(new, refuse)
    _check_name(new, refuse)
    inputs = {"namespace": call.instance.cluster.namespace, **new}
    return Checked(inputs=inputs, failures=failures)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_name(new: Properties, refuse: Any) -> None:
    name = new.get("name")
    if name is None:
        refuse("name", "it has no name; names are not made up, give one")
    elif isinstance(name, str) and (len(name) > _MAX_NAME or not _NAME.fullmatch(name)):
        refuse("name", f"name '{name}' is not of at most {_MAX_NAME} characters a-z, 0-9 and -")


def _check_chart(new: Properties, refuse: Any) -> None:
    chart, version, repository = new.get("chart"), new.get("version"), new.get("repositoryOpts", {})
    if not chart:
        refuse("chart", "it names no chart")
    if version is None:
        refuse("version", "it names no version, so the chart would move; give an exact one")
    elif isinstance(version, str) and not _VERSION.fullmatch(version):
        refuse("version", f"version '{version}' is a range or moves; give an exact one such as 1.2.3")
    if repository is UNKNOWN:
        return
    for key in sorted(repository.keys() - _REPOSITORY_KEYS):
        refuse(
            f"repositoryOpts.{key}",
            f"there is no repositoryOpts.{key}; there are {', '.join(_REPOSITORY_KEYS)}",
        )
    if isinstance(chart, str) and "://" not in chart and not repository.get("repo"):
        refuse(
            "repositoryOpts.repo",
            f"chart '{chart}' has no repository; give repositoryOpts.repo or an oci:// chart",
        )
