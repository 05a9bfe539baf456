"""The provider's own configuration: what it may say, and what it becomes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.aws.errors import ConfigError
from sandbox.providers.base import Failure, Properties, as_bool

# Checks of the real provider that have no meaning at a moto endpoint; they may be asked for all the same.
SKIPS = (
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
)
KNOWN = (
    "accessKey",
    "allowedAccountIds",
    "defaultTags",
    "forbiddenAccountIds",
    "region",
    "secretKey",
    *SKIPS,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A provider resource's configuration. region: an AWS location such as `us-east-1`."""

    region: str
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()
    default_tags: dict[str, str] = field(default_factory=dict)


def unknown_settings(config: Properties) -> list[Failure]:
    """A failure for each key that is not known."""
    return [
        Failure(
            property=key,
            reason=f"the sandbox's aws provider knows no setting {key}; it knows {', '.join(KNOWN)}",
        )
        for key in config
        if key not in KNOWN
    ]


def parse(config: Properties) -> Settings:
    """Settings from the engine's values, which the SDK writes as JSON text unless they are text themselves.

    Raises ConfigError naming the key.
    """
    for failure in unknown_settings(config):
        raise ConfigError(f"provider setting {failure.property}: {failure.reason}")
    for key in SKIPS:
        if key in config:
            as_bool(config[key], key=key)
    if not config.get("region"):
        raise ConfigError("provider setting region: required, such as us-east-1")
    tags = _loaded(config, "defaultTags", {})
    if not isinstance(tags, dict) or set(tags) - {"tags"}:
        raise ConfigError(f"provider setting defaultTags: {tags!r} is not an object with the one key tags")
    return Settings(
        region=str(config["region"]),
        allowed_accounts=_accounts(config, "allowedAccountIds"),
        forbidden_accounts=_accounts(config, "forbiddenAccountIds"),
        default_tags={str(key): str(value) for key, value in (tags.get("tags") or {}).items()},
    )


def _accounts(config: Properties, key: str) -> tuple[str, ...]:
    value = _loaded(config, key, [])
    if not isinstance(value, list):
        raise ConfigError(f"provider setting {key}: {value!r} is not a list of account ids")
    return tuple(str(item) for item in value)


def _loaded(config: Properties, key: str, default: Any) -> Any:
    value = config.get(key, default)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ConfigError(f"provider setting {key}: {value!r} is not JSON: {error}") from error


def refuse_account(settings: Settings, account: str, where: str) -> None:
    """Raises ConfigError when the account behind the endpoint is not one that the settings allow."""
    if settings.allowed_accounts and account not in settings.allowed_accounts:
        allowed = ", ".join(settings.allowed_accounts)
        raise ConfigError(
            f"account {account} at {where} is not among allowedAccountIds ({allowed}); nothing was done"
        )
    if account in settings.forbidden_accounts:
        raise ConfigError(f"account {account} at {where} is among forbiddenAccountIds; nothing was done")
