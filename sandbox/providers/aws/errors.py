"""What can go wrong between a Pulumi input and AWS, each as one line that says what, where and what to do."""

from __future__ import annotations

from sandbox.providers.base import ProviderError


class AwsProviderError(ProviderError):
    """A failure of this provider; its text is one line for the engine to show."""


class ConfigError(AwsProviderError):
    """A provider setting that is unknown, malformed or contradicts the account behind the endpoint."""


class RefusedRequestError(AwsProviderError):
    """A request that the service's own model (botocore) does not allow; it was not sent."""

    def __init__(self, operation: str, report: str) -> None:
        super().__init__(f"{operation}: {report}")
        self.operation = operation
        self.report = report


class CallFailedError(AwsProviderError):
    """An AWS call for a resource failed: operation, resource, AWS error code and message."""

    def __init__(self, operation: str, resource: str, code: str, message: str) -> None:
        super().__init__(f"{operation} of {resource}: {code}: {' '.join(message.split())}")
        self.operation = operation
        self.resource = resource
        self.code = code
