from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation import redaction
from automation.mesh_ca import make_root
from automation.redaction import MASK, Lines, hide_secrets, redacted

KEY = make_root("standfast").key
BODY = [line for line in KEY.splitlines() if "-----" not in line]


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden", set[str]())


@given(st.text(alphabet="abc: \n"), st.text(alphabet="abc: \n"))
def test_a_key_goes_in_every_form_it_comes_in(before: str, after: str) -> None:
    sealed = base64.b64encode(KEY.encode()).decode()
    for form in (KEY, json.dumps(KEY), KEY.replace("\n", "\\n"), sealed, json.dumps({"ca-key.pem": sealed})):
        text = redacted(f"{before}{form}{after}")
        assert not any(line in text for line in BODY)
        assert sealed[16:60] not in text
        assert MASK in text
        assert text.startswith(before)


def test_a_key_that_is_cut_off_goes_to_the_end_of_the_text() -> None:
    assert redacted("key: " + KEY[:90]) == f"key: {MASK}"


def test_a_key_that_comes_line_by_line() -> None:
    lines = Lines()
    told = [lines.line(line) for line in ["before", *f"key: {KEY}".splitlines(), "after", *KEY.splitlines()]]
    assert told[0] == "before"
    assert told[1] == f"key: {MASK}"
    assert "after" in told
    assert not any(line in "\n".join(told) for line in BODY)


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii0ifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLW9mLWl0",
        "pul-0123456789abcdef0123456789abcdef01234567",
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "k8s-aws-v1.aHR0cHM6Ly9zdHMudXMtZWFzdC0x",
    ],
)
def test_tokens_go(secret: str) -> None:
    assert redacted(f'token "{secret}" is wrong') == f'token "{MASK}" is wrong'


def test_credentials_of_urls_and_requests_go() -> None:
    assert (
        redacted("open postgres://ana:hush-hush@db:5432/state: no")
        == f"open postgres://{MASK}@db:5432/state: no"
    )
    assert redacted("Authorization: Bearer abcdefgh12345") == f"Authorization: Bearer {MASK}"


def test_secrets_of_the_environment_go_and_words_stay() -> None:
    hide_secrets(
        {
            "PULUMI_CONFIG_PASSPHRASE": "open sesame",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEA8",
            "PULUMI_CONFIG_PASSPHRASE_FILE": "/run/passphrase",
            "GITHUB_REPOSITORY": "someone/standfast",
        }
    )
    told = redacted("open sesame IQoJb3JpZ2luX2VjEA8 in the sandbox of someone/standfast, /run/passphrase")
    assert told == f"{MASK} {MASK} in the sandbox of someone/standfast, /run/passphrase"


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_what_is_no_secret_stays_and_nothing_is_redacted_twice(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once
    if not re.search(r"eyJ|BEGIN|://|earer|pul-|gh.?_|k8s-aws|LS0t", text):
        assert once == text
