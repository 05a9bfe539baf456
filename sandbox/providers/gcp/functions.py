"""The functions of the real provider that a program may call."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.providers.base import Properties
from sandbox.providers.gcp.api import Session
from sandbox.providers.gcp.errors import GcpProviderError
from sandbox.providers.gcp.kept.projects import number_of, storage_agent

_TRANSFER = "gcp:storage/getTransferProjectServiceAccount:getTransferProjectServiceAccount"
_STORAGE = "gcp:storage/getProjectServiceAccount:getProjectServiceAccount"
_BUCKETS = "gcp:storage/getBuckets:getBuckets"
_PROJECT = "gcp:organizations/getProject:getProject"


def _project(token: str, session: Session, args: Properties) -> str:
    """The project that is asked about. Raises GcpProviderError naming an argument that is not known."""
    for name in args:
        if name != "project":
            raise GcpProviderError(
                f"{token}: the sandbox's gcp provider knows no argument {name}; it knows project"
            )
    return str(args.get("project") or session.project)


def _transfer_agent(session: Session, args: Properties) -> Properties:
    project = _project(_TRANSFER, session, args)
    found = session.api.call("storagetransfer.googleServiceAccounts.get", projectId=project)
    email = found["accountEmail"]
    return {
        "id": email,
        "email": email,
        "member": f"serviceAccount:{email}",
        "project": project,
        "subjectId": found["subjectId"],
    }


def _storage_agent(session: Session, args: Properties) -> Properties:
    project = _project(_STORAGE, session, args)
    email = storage_agent(project)
    return {
        "id": email,
        "emailAddress": email,
        "member": f"serviceAccount:{email}",
        "project": project,
    }


def _buckets(session: Session, args: Properties) -> Properties:
    given = dict(args)
    prefix = str(given.pop("prefix", "") or "")
    project = _project(_BUCKETS, session, given)
    found = session.api.call("storage.buckets.list", project=project, prefix=prefix)["items"]
    names = ("labels", "location", "name", "selfLink", "storageClass")
    buckets = [{name: one.get(name, {} if name == "labels" else "") for name in names} for one in found]
    return {"buckets": buckets, "id": project, "prefix": prefix, "project": project}


def _describe_project(session: Session, args: Properties) -> Properties:
    given = {("project" if key == "projectId" else key): value for key, value in args.items()}
    project = _project(_PROJECT, session, given)
    return {"id": f"projects/{project}", "projectId": project, "number": number_of(project), "name": project}


FUNCTIONS: dict[str, Callable[[Session, Properties], Properties]] = {
    _TRANSFER: _transfer_agent,
    _STORAGE: _storage_agent,
    _BUCKETS: _buckets,
    _PROJECT: _describe_project,
}
