"""The way back from the copy on Google Cloud Storage: commands and what is said of them."""

from __future__ import annotations

from collections.abc import Callable

from components.runbook.incident import Copy, Incident

Shell = Callable[[str], str]
"""Makes a block of commands."""

NAMESPACE = "ml-serving"
JOB = "model-restore"
_PATIENCE_SECONDS = 12 * 3600


def newest(copy: Copy) -> str:
    """The newest objects; their custom time is the one that S3 had for them.

    Source: https://docs.cloud.google.com/sdk/gcloud/reference/storage/objects/list
    """
    return f"""\
gcloud storage objects list "gs://{copy.bucket}/**" --sort-by=~custom_time --limit=10 \\
  --format='table(name, generation, custom_time, size, crc32c_hash)'"""


def set_jobs(copy: Copy, status: str, now: str) -> str:
    """Every job that fills the copy and is ``now`` gets ``status``.

    Source: https://docs.cloud.google.com/sdk/gcloud/reference/transfer/jobs/update
    """
    return f"""\
jobs="$(gcloud transfer jobs list --project={copy.project} --job-statuses={now} \\
  --format='value(name)' --filter='transferSpec.gcsDataSink.bucketName={copy.bucket}')"
for job in $jobs; do
  gcloud transfer jobs update "$job" --project={copy.project} --status={status}
done"""


def restore(copy: Copy) -> str:
    """A Job of the suspended CronJob, and the last line that it writes."""
    at = f"kubectl --context={copy.owner.context}"
    return f"""\
job="{JOB}-$(date -u +%Y%m%d%H%M%S)"
{at} create job "$job" --from=cronjob/{JOB} -n {NAMESPACE}
{at} wait "job/$job" --for=condition=complete --timeout={_PATIENCE_SECONDS}s -n {NAMESPACE}
{at} logs "job/$job" -n {NAMESPACE} --tail=1"""


def credentials(copy: Copy) -> str:
    """The owner's cluster, which may be neither of the two regions."""
    owner = copy.owner
    return (
        f"aws eks update-kubeconfig --region {owner.location} --name {owner.context} --alias {owner.context}"
    )


def counted(registry: str, location: str) -> str:
    """How many objects a bucket has."""
    return f"aws s3 ls s3://{registry} --region {location} --recursive --summarize"


def read_from(region: str, source: str) -> str:
    """Where the pods of a region read their models, from its next ``up`` on."""
    return f"""\
pulumi config set --stack {region} --path 'standfast:region.readsFrom' {source}
pulumi up --stack {region} --yes"""


def section(incident: Incident, shell: Shell) -> list[str]:
    """What to do when models are gone from S3; nothing where the platform has no copy."""
    copy, dr = incident.copy, incident.dr
    if copy is None:
        return []
    owner = copy.owner.region
    return [
        "#### Models from Google Cloud Storage",
        "Models are read in this order: the region's own bucket, the bucket of the region that it fails over "
        f"to, the copy on Google Cloud Storage (`{copy.bucket}`). What is deleted in one region is deleted "
        "in the other; the copy deletes nothing. This needs the Google Cloud command line, signed in, too. "
        "How old is it?",
        shell(newest(copy)),
        "1. Hold the copy's jobs, so that what is half restored is not copied back:",
        shell(set_jobs(copy, "disabled", "enabled")),
        f"2. Bring back every version of every object that S3 no longer has, in `{owner}`, whose stack has "
        "the copy. Each is compared by CRC32C; objects that S3 has are left as they are. The last line says "
        "what came back, and that nothing `failed`; one that was ended goes on where it was.",
        shell(credentials(copy)),
        shell(restore(copy)),
        f"3. Replication brings it to the other region. See that it is in `{dr.region}`:",
        shell(counted(dr.registry, dr.location)),
        "4. Let the jobs copy again:",
        shell(set_jobs(copy, "enabled", "disabled")),
        f"If pods of `{dr.region}` must start before that, let them read elsewhere: `peer` while the other "
        "region's bucket is whole, `gcs` when both are empty. Where that is refused, `up` the owner first.",
        shell(read_from(dr.region, "gcs")),
        "And back, once the bucket is whole:",
        shell(read_from(dr.region, "own")),
        f"If `{owner}` itself is lost, another region takes the copy over: set `models.stores.gcs.owner` to "
        "its name in Pulumi.yaml, then `pulumi up` its stack. The bucket is adopted as it is.",
    ]
