"""The rules of all buckets, and since when each holds."""

from __future__ import annotations

import logging
import time
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.clients import Clients
from sandbox.replication.journal import Journal
from sandbox.replication.rules import Rule, UnknownRuleError, rule_of

_log = logging.getLogger(__name__)
_HOME = "us-east-1"


class RuleBook:
    """Reads rules as the program sent them: what moto forgets of them is kept beside it.

    Neither says when a rule was made. One that comes while this looks began after the last look. Those that
    are there at the very first look are as old as the role that they name: it is made right before them.
    """

    def __init__(self, clients: Clients, journal: Journal) -> None:
        self._clients, self._journal = clients, journal
        self._locations: dict[str, str] = {}
        self._looked: float | None = None
        self._told: set[str] = set()
        self.rules: tuple[Rule, ...] = ()

    def refresh(self) -> None:
        """Read all buckets. Raises botocore's errors when moto does not answer."""
        began = time.time()
        s3 = self._clients.plain("s3", _HOME)
        names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        for name in names:
            if name not in self._locations:
                self._locations[name] = s3.get_bucket_location(Bucket=name)["LocationConstraint"] or _HOME
        found: list[Rule] = []
        first = self._looked is None and self._journal.fresh
        for name in names:
            for rule, role in self._of(name):
                found.append(rule)
                if self._journal.since(rule) is None:
                    self._journal.begin(rule, self._age(role) if first else self._looked or began)
                    _log.info("rule %s: %s replicates to %s", rule.id, rule.source, rule.destination)
        kept = {(rule.source, rule.id, rule.destination) for rule in found}
        for gone in set(self._journal.rules()) - kept:
            self._journal.forget(*gone)
        self._looked = began
        self.rules = tuple(found)

    def _of(self, bucket: str) -> list[tuple[Rule, str]]:
        s3 = self._clients.get("s3", self._locations[bucket])
        try:
            answer: dict[str, Any] = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ReplicationConfigurationNotFoundError", "NoSuchBucket"):
                return []
            raise
        rules: list[tuple[Rule, str]] = []
        for one in answer["Rules"]:
            try:
                rule = rule_of(bucket, one, self._locations)
            except UnknownRuleError as error:
                if str(error) not in self._told:
                    self._told.add(str(error))
                    _log.error("%s", error)
                continue
            if rule is not None:
                rules.append((rule, answer["Role"]))
        return rules

    def _age(self, role: str) -> float:
        try:
            found = self._clients.plain("iam", _HOME).get_role(RoleName=role.rpartition("/")[2])
        except ClientError:
            return time.time()
        return float(found["Role"]["CreateDate"].timestamp())
