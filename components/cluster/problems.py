"""What a cluster cannot be made of."""

from __future__ import annotations


class ClusterError(ValueError):
    """The cluster cannot be made as asked; the message says what, why, and what to change."""
