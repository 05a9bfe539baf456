"""Takes out of the engine's text what must never be read in a log.

The engine itself masks what it knows to be secret: the configuration's values, and whatever a program marks.
It does not know a secret in another form (the lines of a key one by one, or its base64), nor what a provider
or a program says of its environment. Here go the forms that our secrets have, and the environment's values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "[secret]"

_BEGIN = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_FORMS = (
    # A key in one text, its line ends as they are or escaped; one that is cut off ends with the text.
    re.compile(rf"{_BEGIN.pattern}.*?(?:{_END.pattern}|\Z)", re.DOTALL),
    # The same in base64, as a Kubernetes Secret has it.
    re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}={0,2}"),
    # A JSON Web Token, as a service account's: https://www.rfc-editor.org/rfc/rfc7519
    re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),
    # Access tokens of Pulumi Cloud, of GitHub, and of an EKS cluster.
    re.compile(r"\bpul-[0-9a-f]{40}\b"),
    re.compile(r"\bgh[pousr]_\w{30,}"),
    re.compile(r"\bk8s-aws-v1\.[\w-]{20,}"),
    # User and password of a URL; the credentials of a request.
    re.compile(r"(?<=://)[^\s/:@]*:[^\s/@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/-]{8,}=*"),
)
_NAMED = re.compile(r"(?i)(?:passphrase|password|secret|secret_access_key|token|api_key)$")
# Shorter ones are words as well: to mask them would spoil the text and hide nothing.
_SHORTEST = 8

_hidden: set[str] = set()


def hide_secrets(environment: Mapping[str, str]) -> None:
    """From now on no text shows the values that are secret by their variable's name."""
    _hidden.update(
        value for name, value in environment.items() if _NAMED.search(name) and len(value) >= _SHORTEST
    )


def redacted(text: str) -> str:
    """The text without secrets."""
    for value in sorted(_hidden, key=len, reverse=True):
        text = text.replace(value, MASK)
    for form in _FORMS:
        text = form.sub(MASK, text)
    return text


class Lines:
    """Redacts a text that comes line by line: a key's lines do not say by themselves what they are."""

    def __init__(self) -> None:
        self._within = False

    def line(self, text: str) -> str:
        """The next line without secrets."""
        rest = text
        if self._within:
            end = _END.search(text)
            if end is None:
                return MASK
            rest = text[end.end() :]
        begins = [found.end() for found in _BEGIN.finditer(rest)]
        shown = redacted(rest)
        within, self._within = self._within, bool(begins) and not _END.search(rest, begins[-1])
        return MASK + shown if within else shown
