"""One pass over all deployed jobs: runs that are due, and messages of event streams."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError
from google.api_core.exceptions import NotFound

from sandbox.paths import write_atomic
from sandbox.providers.aws.clients import Clients
from sandbox.providers.base.table.store import Store
from sandbox.providers.gcp.kept.transfer import KIND
from sandbox.transfer import permissions
from sandbox.transfer.copying import Copier, DamagedError, Object
from sandbox.transfer.jobs import Job, UnknownJobError, job_of
from sandbox.transfer.journal import Journal

_log = logging.getLogger(__name__)
_HOME = "us-east-1"
_MESSAGES = 10
"""The most that SQS gives at once."""

SUCCESS, FAILED = "SUCCESS", "FAILED"


class Transferrer:
    """`status` is a JSON file {"t", "jobs": [{"name", "status", "copied", "bytes", "failed", "last"}]}.

    Counts are since the twin began; `last` is when it last copied an object, null for never.
    """

    def __init__(
        self, clients: Clients, store: Store, copier: Copier, journal: Journal, status: Path
    ) -> None:
        self._clients, self._store = clients, store
        self._copier, self._journal = copier, journal
        self._status = status
        self._told: set[str] = set()
        self._shown: dict[str, dict[str, Any]] = {}

    def step(self) -> None:
        """Read the jobs anew and do what is to be done. Raises the clients' errors; nothing is lost then."""
        jobs = list(self._jobs())
        self._shown = {job.name: self._shown.get(job.name, _nothing(job)) for job in jobs}
        for job in jobs:
            try:
                if job.queue:
                    self._listen(job)
                elif job.schedule is not None:
                    self._run(job, time.time())
                self._shown[job.name]["status"] = "ENABLED"
            except permissions.DeniedError as error:
                self._shown[job.name]["status"] = FAILED
                self._tell(f"{job.name}: {error}")
        self._show()

    def _jobs(self) -> Iterable[Job]:
        for document in self._store.list(KIND, ""):
            try:
                job = job_of(document)
            except UnknownJobError as error:
                self._tell(str(error))
                continue
            if job is not None:
                yield job

    def _tell(self, trouble: str) -> None:
        """Each trouble once."""
        if trouble not in self._told:
            self._told.add(trouble)
            _log.error("%s", trouble)

    def _check(self, job: Job) -> None:
        permissions.check(job, self._clients.plain("iam", _HOME), self._store)

    def _run(self, job: Job, now: float) -> None:
        """The newest run that is due, unless it has ended. One that was cut short goes on."""
        due = job.schedule.last_due(now) if job.schedule is not None else None
        last = self._journal.last_run(job.name)
        if last is not None and not last.status:
            due = last.due
        elif due is None or (last is not None and last.due >= due):
            return
        self._check(job)
        self._journal.begin(job.name, due)
        failed = 0
        kept: set[str] = set()
        for source in self._copier.listed(job):
            name = job.sink_name(source.key)
            if name is None:
                continue
            kept.add(name)
            if self._journal.is_done(job.name, due, source.key, source.etag):
                continue
            if self._transfer(job, source, name):
                self._journal.did(job.name, due, source.key, source.etag)
            else:
                failed += 1
        # What could not be listed or copied is no reason to delete what there is of it.
        deleted = self._copier.delete_others(job, kept) if not failed else 0
        self._journal.end(job.name, due, FAILED if failed else SUCCESS)
        _log.info("%s: %d objects, %d failed, %d deleted", job.name, len(kept), failed, deleted)

    def _listen(self, job: Job) -> None:
        """Take the messages that are there; one goes when its objects are copied, or are gone."""
        self._check(job)
        sqs = self._clients.plain("sqs", job.queue.split(":")[3])
        url = sqs.get_queue_url(QueueName=job.queue.rpartition(":")[2])["QueueUrl"]
        while True:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=_MESSAGES, VisibilityTimeout=60)
            messages = answer.get("Messages", [])
            for message in messages:
                # An object that could not be copied is told of again; the others' copies count.
                arrived = [self._event(job, key) for key in _keys(job, message["Body"])]
                if all(arrived):
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if len(messages) < _MESSAGES:
                return

    def _event(self, job: Job, key: str) -> bool:
        name = job.sink_name(key)
        if name is None:
            return True
        source = self._copier.found(job, key)
        return source is None or self._transfer(job, source, name)

    def _transfer(self, job: Job, source: Object, name: str) -> bool:
        """Whether the sink has the object now."""
        shown = self._shown[job.name]
        try:
            size = self._copier.transfer(job, source, name)
        except (DamagedError, NotFound) as error:
            shown["failed"] += 1
            self._tell(f"{job.name}: {source.key}: {error}")
            return False
        except ClientError as error:
            shown["failed"] += 1
            self._tell(f"{job.name}: {source.key}: {error}")
            return False
        if size is not None:
            shown["copied"] += 1
            shown["bytes"] += size
            shown["last"] = time.time()
        return True

    def _show(self) -> None:
        write_atomic(self._status, json.dumps({"t": time.time(), "jobs": list(self._shown.values())}))


def _nothing(job: Job) -> dict[str, Any]:
    return {"name": job.name, "status": "ENABLED", "copied": 0, "bytes": 0, "failed": 0, "last": None}


def _keys(job: Job, body: str) -> list[str]:
    """The objects that a message of S3 says are new; none for the test that S3 sends of a new destination.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    try:
        records: list[Mapping[str, Any]] = json.loads(body).get("Records", [])
        return [
            unquote_plus(one["s3"]["object"]["key"])
            for one in records
            if one["eventName"].startswith("ObjectCreated:") and one["s3"]["bucket"]["name"] == job.source
        ]
    except (ValueError, KeyError, AttributeError):
        _log.warning("%s: a message of its queue is none of S3: %.200s", job.name, body)
        return []
