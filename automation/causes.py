"""Why an operation failed, read from the engine's and the clouds' own words, and what can be done about it.

Error codes of AWS: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html. They arrive in four forms: of the
Go SDKs behind pulumi-aws (`api error CODE: …`, and `CODE: …` for those that a service has a type for), of
botocore (`An error occurred (CODE) when …`), and of the engine's own access to a bucket (`…: CODE: …`).

Google's arrive as `googleapi: Error STATUS: …`: https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from automation.errors import (
    BackendError,
    CloudRefusedError,
    ConflictError,
    CredentialsError,
    EngineError,
    Explanation,
    Failure,
    LoginError,
    PluginMissingError,
    SecretsError,
)


def _coded(*codes: str) -> str:
    """A pattern for error codes: before a colon, in parentheses, or at the end of what was kept of a text."""
    return rf"(?<![\w.])(?:{'|'.join(codes)})(?=\s*[:),;])"


@dataclass(frozen=True)
class _Rule:
    """Which texts it is meant for, and what they mean.

    `what` and `remedy` may name groups of the pattern, and the failure's `region`, `type` and `name`.
    """

    pattern: re.Pattern[str]
    error: type[EngineError]
    what: str
    remedy: str

    def explain(self, failure: Failure, region: str) -> Explanation | None:
        found = self.pattern.search(failure.message)
        if found is None:
            return None
        type_, _, name = failure.resource.partition(" ")
        values = {"region": region, "type": type_ or "TYPE", "name": name or "NAME"}
        for group, text in found.groupdict().items():
            values[group] = text or _UNSAID.get(group, "")
        return Explanation(self.what.format_map(values), self.remedy.format_map(values))


_UNSAID = {"action": "that it names"}


def _rule(error: type[EngineError], pattern: str, what: str, remedy: str) -> _Rule:
    return _Rule(re.compile(pattern, re.MULTILINE), error, what, remedy)


# The first that fits a failure is its cause; of several causes, the first here is what hides the others.
_RULES = (
    _rule(
        CredentialsError,
        _coded("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
        + r"|SSO session .{0,40}expired|refresh cached SSO token failed|InvalidGrantException",
        "the cloud credentials of this run have expired",
        "sign in again (`aws sso login`, or a new run of the CI job, which takes a new role session); "
        "`aws sts get-caller-identity` shows whether they are good",
    ),
    _rule(
        CredentialsError,
        _coded(
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "AuthFailure",
            "SignatureDoesNotMatch",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NoCredentialProviders",
        )
        + r"|[Nn]o valid credential sources|failed to refresh cached credentials|Unable to locate credentials"
        r"|Invalid credentials configured",
        "the cloud does not know the credentials of this run, or there are none",
        "give it some (`aws sso login`, AWS_PROFILE, or a role in CI); `aws sts get-caller-identity` shows "
        "whether they are good",
    ),
    _rule(
        CredentialsError,
        r"google: could not find default credentials|google: error getting credentials"
        r"|googleapi: Error 401:|oauth2: .{0,60}invalid_(?:grant|rapt)",
        "Google does not know the credentials of this run, or there are none",
        "give it some (`gcloud auth application-default login`, or workload identity federation in CI), or "
        "take models.stores.gcs out of Pulumi.yaml: without it nothing of Google is asked",
    ),
    _rule(
        CredentialsError,
        r"asked for the client to provide credentials|getting credentials: exec|: Unauthorized\b"
        r"|credentials cannot be had",
        "the region's API server does not know the credentials of this run",
        "see whether a token can be had, and whose: `aws eks get-token --cluster-name NAME`, "
        "`aws sts get-caller-identity`; that role needs an access entry of the cluster",
    ),
    _rule(
        LoginError,
        r"PULUMI_ACCESS_TOKEN must be set|requires logging in|[Nn]o credentials provided or are invalid"
        r"|invalid access token|could not get cloud url",
        "the engine is not logged in where the state is kept",
        "log in with `pulumi login` (or `pulumi login s3://BUCKET`); where nobody can type, set "
        "PULUMI_BACKEND_URL, or PULUMI_ACCESS_TOKEN for Pulumi Cloud",
    ),
    _rule(
        BackendError,
        r"unable to open bucket (?P<url>[^\s?]+?)(?:\?\S*)?: |getting user info from (?P<site>\S+): "
        r'|"\.pulumi[/\\]+meta\.yaml"|could not list bucket|unable to check if bucket',
        "the place where the state is kept cannot be opened",
        "see that it is the right one (`pulumi whoami --verbose`, PULUMI_BACKEND_URL), that it is there, and "
        "that these credentials may read and write it; another one: `pulumi login URL`",
    ),
    _rule(
        SecretsError,
        r"incorrect passphrase|passphrase must be set|unable to find either `PULUMI_CONFIG_PASSPHRASE`"
        r"|message authentication failed",
        "the stack's secrets cannot be opened: the passphrase is missing or is another one",
        "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, to the one that the stack was made "
        "with; `pulumi config --show-secrets --stack {region}` tells whether it is right",
    ),
    _rule(
        PluginMissingError,
        r"no resource plugin '(?:pulumi-resource-)?(?P<plugin>[\w-]+?)(?:-v[\d.]+\S*)?' found"
        r"(?: in the workspace at version(?P<version> v\S+))?",
        "the provider plugin {plugin} is not installed",
        "run `pulumi plugin install resource {plugin}{version}`",
    ),
    _rule(
        PluginMissingError,
        r"no (?P<kind>language|analyzer|policy) plugin '(?P<plugin>[\w-]+)' found"
        r"|failed to load (?P<host>language|analyzer) plugin|could not load policy|[Cc]ould not find plugin",
        "a plugin of the engine is not installed",
        "install the released Pulumi, which brings it (https://www.pulumi.com/docs/iac/download-install/), "
        "and see that `pulumi version` and `pulumi-language-python` are of one folder on PATH",
    ),
    _rule(
        ConflictError,
        r"Apply failed with \d+ conflicts?:|field conflict detected",
        "someone else manages fields that this stack sets",
        "see who (`kubectl get KIND NAME --show-managed-fields -o yaml`), then leave these fields to them "
        "(ignore_changes), or take them over (annotation pulumi.com/patchForce: 'true')",
    ),
    _rule(
        ConflictError,
        r"googleapi: Error 409: (?:The requested bucket name is not available"
        r"|A Cloud Storage bucket named .{1,80} already exists)",
        "a bucket of that name belongs to another project of Google, and names are taken the world over",
        "give the copy another project (models.stores.gcs.project) or the platform another name in "
        "Pulumi.yaml: the bucket's name is made of both",
    ),
    _rule(
        ConflictError,
        r"inputs to import do not match the existing resource",
        "what is there already is set up otherwise than this stack would",
        "let the configuration say what is there (the lines above name what differs), `up`, and then change "
        "it",
    ),
    _rule(
        ConflictError,
        _coded("BucketAlreadyExists"),
        "a bucket of that name belongs to another account, and names are taken the world over",
        "give the platform another name in Pulumi.yaml: the buckets' names begin with it",
    ),
    _rule(
        ConflictError,
        _coded(r"\w*AlreadyExists\w*", "BucketAlreadyOwnedByYou", r"\w+\.Duplicate")
        + r"|exists already|already exists",
        "it is there already, and this stack has not made it",
        "if it is yours, `pulumi import {type} {name} ID --stack {region}`; if nobody needs it, delete it, "
        "then the same command again",
    ),
    _rule(
        ConflictError,
        _coded("BucketNotEmpty"),
        "it still holds objects, or earlier versions of some",
        "empty it if nobody needs them, with all versions (S3's console has Empty for that), "
        "then the same command again",
    ),
    _rule(
        ConflictError,
        _coded("DependencyViolation", "DeleteConflict", "ResourceInUse", "ResourceInUseFault"),
        "something that this stack has not made still uses it",
        "remove what uses it, then the same command again",
    ),
    _rule(
        ConflictError,
        _coded(
            "OperationAborted",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "PriorRequestNotComplete",
            "ConflictException",
            "ResourceInUseException",
        )
        + r"|the object has been modified",
        "another change of the same thing is under way",
        "wait until it is done, then the same command again",
    ),
    _rule(
        CloudRefusedError,
        _coded(r"Throttling\w*", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown")
        + r"|Rate exceeded",
        "the cloud asks for fewer calls at once",
        "wait a minute, then the same command again",
    ),
    _rule(
        CloudRefusedError,
        _coded(
            r"\w*LimitExceeded\w*",
            r"\w*QuotaExceeded\w*",
            "TooManyBuckets",
            r"TooMany(?:HealthChecks|HostedZones)",
        )
        + r"|exceeded quota",
        "a limit of the account is reached",
        "`standfast check` lists the limits that count; ask AWS for more (`aws service-quotas "
        "request-service-quota-increase --service-code … --quota-code … --desired-value …`), or remove what "
        "is no longer needed",
    ),
    _rule(
        CloudRefusedError,
        r"(?P<api>[\w ]+ API) has not been used in project (?P<project>\S+) before or it is disabled",
        "{api} is not switched on in the project",
        "`gcloud services enable storage.googleapis.com storagetransfer.googleapis.com pubsub.googleapis.com "
        "monitoring.googleapis.com iam.googleapis.com sts.googleapis.com --project={project}`, then the same "
        "command again",
    ),
    _rule(
        CloudRefusedError,
        r"googleapi: Error 403: (?:.* does not have (?P<action>[\w.]+) access"
        r"|Permission '(?P<named>[\w.]+)')",
        "the identity of this run may not do that at Google",
        "`gcloud auth list` says whose rights count; give it a role in the project that has {action}{named}",
    ),
    _rule(
        CloudRefusedError,
        r"\A(?s:.*)is not authorized to perform: (?P<action>[\w:*-]+)|"
        + _coded("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
        + r"|is forbidden: User",
        "the role of this run may not do that",
        "`aws sts get-caller-identity` says whose rights count; allow it the action {action}",
    ),
    _rule(
        CloudRefusedError,
        _coded(r"Insufficient\w+", "UnsupportedAvailabilityZoneException"),
        "the cloud has none to give there at present",
        "add instance types or another zone in Pulumi.{region}.yaml, or wait, then the same command again",
    ),
    _rule(
        CloudRefusedError,
        r"api error (?P<code>\w[\w.]*)|googleapi: Error 4\d\d|StatusCode: 4\d\d|status code: 4\d\d"
        r"|An error occurred \("
        r"|^\w+ of \S+ '[^']*': [A-Z][\w.]*[:;] |Parameter validation failed"
        r"|the API server refuses it|is invalid: |denied the request|has a problem: ",
        "the cloud refuses what is asked of it",
        "correct what it names in Pulumi.yaml or Pulumi.{region}.yaml, then `standfast check` and "
        "`standfast preview {region}`",
    ),
)


def explain(failures: Sequence[Failure], region: str) -> tuple[type[EngineError], list[Explanation]]:
    """The error that these failures are, and each cause once, the one that hides the others first."""
    found: list[tuple[int, _Rule, Explanation]] = []
    for failure in failures:
        for place, rule in enumerate(_RULES):
            explanation = rule.explain(failure, region)
            if explanation is not None:
                found.append((place, rule, explanation))
                break
    found.sort(key=lambda each: each[0])
    error = found[0][1].error if found else EngineError
    return error, list(dict.fromkeys(explanation for _, _, explanation in found))
