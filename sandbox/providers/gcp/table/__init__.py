"""The table: every resource type that the sandbox's gcp provider knows, by token."""

from __future__ import annotations

from sandbox.providers.gcp.entry import Entry
from sandbox.providers.gcp.table import (
    alert_policy,
    bucket,
    channel,
    iam_members,
    identity_pools,
    topic,
    transfer_job,
)

_MODULES = (alert_policy, bucket, channel, iam_members, identity_pools, topic, transfer_job)

ENTRIES: dict[str, Entry] = {entry.token: entry for module in _MODULES for entry in module.ENTRIES}
