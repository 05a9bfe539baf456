from __future__ import annotations

import pytest

from sandbox.providers.aws.errors import ConfigError
from sandbox.providers.aws.settings import Settings, parse, refuse_account, unknown_settings


def test_settings_come_as_the_sdk_writes_them() -> None:
    settings = parse(
        {
            "region": "eu-west-1",
            "allowedAccountIds": '["123456789012"]',
            "defaultTags": '{"tags": {"platform": "standfast"}}',
            "skipMetadataApiCheck": "true",
        }
    )
    assert settings == Settings(
        region="eu-west-1", allowed_accounts=("123456789012",), default_tags={"platform": "standfast"}
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"region": "us-east-1", "assumeRoles": "[]"}, "assumeRoles"),
        ({}, "region"),
        ({"region": "us-east-1", "allowedAccountIds": "[1"}, "allowedAccountIds"),
        ({"region": "us-east-1", "defaultTags": '{"tag": {}}'}, "defaultTags"),
    ],
)
def test_a_wrong_setting_is_named(config: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=f"provider setting {said}: "):
        parse(config)


def test_unknown_settings_are_failures_of_check() -> None:
    failures = unknown_settings({"region": "us-east-1", "profile": "mine"})
    assert [failure.property for failure in failures] == ["profile"]


def test_a_foreign_account_is_refused() -> None:
    settings = Settings(region="us-east-1", allowed_accounts=("111111111111",))
    refuse_account(settings, "111111111111", "here")
    with pytest.raises(ConfigError, match=r"222222222222.*not among allowedAccountIds \(111111111111\)"):
        refuse_account(settings, "222222222222", "here")
    with pytest.raises(ConfigError, match="forbidden"):
        refuse_account(Settings(region="us-east-1", forbidden_accounts=("1",)), "1", "here")
