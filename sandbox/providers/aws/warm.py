"""Gets clients and moto ready before the first resource asks for them.

botocore reads a service's model when its first client is made, and moto imports a service with its first
request: together seconds, which would all fall into the beginning of the first update.
"""

from __future__ import annotations

import json
import logging
import threading

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.providers.aws.clients import Clients
from sandbox.providers.aws.errors import AwsProviderError

_log = logging.getLogger(__name__)

# A small question for each service that the table speaks to.
_GLOBAL = {"iam": "list_roles", "route53": "list_hosted_zones", "sts": "get_caller_identity"}
_REGIONAL = {
    "ec2": "describe_vpcs",
    "s3": "list_buckets",
    "eks": "list_clusters",
    "kms": "list_keys",
    "logs": "describe_log_groups",
    "cloudwatch": "describe_alarms",
    "acm": "list_certificates",
    "sns": "list_topics",
    "sqs": "list_queues",
}
_HOME = "us-east-1"


def locations(clients: Clients) -> list[str]:
    """The AWS locations of the sandbox's regions, and the one where global services live."""
    path = clients.directory / "eks.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    return sorted({_HOME, *known})


def warm(clients: Clients) -> None:
    """Makes every client once and asks moto once for each; what fails here fails again where it matters."""
    asked = [(service, where, call) for where in locations(clients) for service, call in _REGIONAL.items()]
    asked += [(service, where, call) for where in locations(clients) for service, call in _GLOBAL.items()]
    for service, where, call in asked:
        try:
            getattr(clients.get(service, where), call)()
        except (BotoCoreError, ClientError, AwsProviderError) as error:
            _log.info("warming %s in %s: %s", service, where, error)


def warm_in_background(clients: Clients) -> None:
    """`warm`, in a thread that no one waits for."""
    threading.Thread(target=warm, args=(clients,), name="warm", daemon=True).start()
