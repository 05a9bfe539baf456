"""What the DNS twin does not do."""

from __future__ import annotations

from sandbox.errors import SandboxError


class RefusedError(SandboxError):
    """A record, a health check or a place that this stand-in does not know; its answer is SERVFAIL."""
