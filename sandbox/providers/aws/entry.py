"""What the table is made of: `Entry`, one for each resource type, and `Step`, what an entry's functions
work with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.aws.clients import Session
from sandbox.providers.aws.pairs import pairs
from sandbox.providers.base import UNKNOWN
from sandbox.providers.base.table import entry as base


@dataclass(kw_only=True)
class Step(base.Step[Session]):
    """One operation on one resource."""

    @property
    def region(self) -> str:
        """The AWS location that the resource lives in: the one that it names, or the provider's."""
        given = self.new.get("region") or self.old.get("region") or self.session.region
        return self.session.region if given is UNKNOWN else given

    def aws(self, service: str) -> Any:
        """The boto3 client of a service, in the resource's location."""
        return self.session.client(service, self.region)

    def arn(self, service: str, resource: str, *, regional: bool = True, account: bool = True) -> str:
        """An ARN in this account and location."""
        where = self.region if regional else ""
        who = self.session.account if account else ""
        return f"arn:{self.session.partition}:{service}:{where}:{who}:{resource}"

    @property
    def default_tags(self) -> Mapping[str, str]:
        """The provider's."""
        return self.session.default_tags

    @property
    def tag_pairs(self) -> list[dict[str, str]]:
        """All tags as AWS's list of {Key, Value}."""
        return pairs(self.tags_all)

    def tag_steps(self) -> tuple[dict[str, str], list[str]]:
        """Tags to set and tag keys to remove, so that the resource's tags become the wanted ones."""
        before, after = self.old.get("tagsAll") or {}, self.tags_all
        return (
            {key: value for key, value in after.items() if before.get(key) != value},
            [key for key in before if key not in after],
        )


@dataclass(frozen=True, kw_only=True)
class Entry(base.Entry[Step]):
    """One resource type. An AWS error whose code is in `gone` says that the thing is not there; a `regional`
    one has the `region` that pulumi_aws 7 gives such resources.
    """

    gone: tuple[str, ...] = ()
    regional: bool = True
