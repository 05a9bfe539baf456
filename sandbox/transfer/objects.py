"""Objects of fake-gcs-server through Google's own library."""

from __future__ import annotations

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage


def client(endpoint: str) -> storage.Client:
    """A client of the server at `endpoint`; no credential is looked for."""
    return storage.Client(
        project="sandbox",
        credentials=AnonymousCredentials(),  # pyright: ignore[reportNoUntypedCall]
        client_options=ClientOptions(api_endpoint=endpoint),
    )
