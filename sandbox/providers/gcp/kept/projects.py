"""What Google gives every project: a number, and agents that act for it.

The sandbox has no projects to ask: a project's numbers are drawn from its id, the same each time.
https://cloud.google.com/iam/docs/service-agents
"""

from __future__ import annotations

import hashlib


def _drawn(text: str, digits: int) -> str:
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:12], "big")
    return str(10 ** (digits - 1) + value % (9 * 10 ** (digits - 1)))


def number_of(project: str) -> str:
    """The project's number: 12 digits."""
    return _drawn(f"number/{project}", 12)


def transfer_agent(project: str) -> str:
    """The e-mail address of the Storage Transfer Service's agent."""
    return f"project-{number_of(project)}@storage-transfer-service.iam.gserviceaccount.com"


def transfer_subject(project: str) -> str:
    """The agent's unique id, which AWS roles trust: 21 digits."""
    return _drawn(f"subject/{project}", 21)


def storage_agent(project: str) -> str:
    """The e-mail address of Cloud Storage's agent, which uses a bucket's key and publishes its events."""
    return f"service-{number_of(project)}@gs-project-accounts.iam.gserviceaccount.com"
