"""Names of what cannot be changed in place."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def generation(*parts: Any) -> str:
    """Six digits that change with ``parts`` (anything that JSON takes).

    In the name of a resource that must be replaced when ``parts`` change, they let the new one stand before
    the old one goes, also where the cloud takes a name only once.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:6]
