"""What fake-gcs-server lacks, answered beside it: every handler by its method's id."""

from __future__ import annotations

from sandbox.providers.gcp.api import Handler
from sandbox.providers.gcp.kept import (
    bucket_policies,
    buckets,
    identity_pools,
    monitoring,
    topics,
    transfer,
)

HANDLERS: dict[str, Handler] = {
    **buckets.HANDLERS,
    **bucket_policies.HANDLERS,
    **identity_pools.HANDLERS,
    **monitoring.HANDLERS,
    **topics.HANDLERS,
    **transfer.HANDLERS,
}
