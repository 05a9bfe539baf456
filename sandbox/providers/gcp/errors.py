"""What can go wrong between a Pulumi input and Google Cloud, each as one line."""

from __future__ import annotations

from sandbox.providers.base import ProviderError


class GcpProviderError(ProviderError):
    """A failure of this provider; its text is one line for the engine to show."""


class ConfigError(GcpProviderError):
    """A provider setting that is unknown, malformed or missing."""


class CallFailedError(GcpProviderError):
    """A call for a resource failed: method, resource, Google's status and message."""


class GoogleError(Exception):
    """An error answer of an API: HTTP status, Google's word for it, message.

    https://cloud.google.com/apis/design/errors
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.method = ""


def invalid(message: str) -> GoogleError:
    """400: the request itself is wrong."""
    return GoogleError(400, "INVALID_ARGUMENT", message)


def not_found(message: str) -> GoogleError:
    """404: what was asked for is not there."""
    return GoogleError(404, "NOT_FOUND", message)
