"""The runbook as text: the lesson's steps in their order, for one loss on this platform."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pulumi

from components.runbook import commands_aws as aws
from components.runbook import copy_gcs
from components.runbook.incident import Incident
from components.shared.labels import labels
from config.timings import DNS_TTL

NAME = "dr-runbook"
NAMESPACE = "ml-serving"
FILE = "recovery-steps.md"

SERVICE = "inference-service"
CONTAINER = "inference"
RPO_SCHEDULE = "ml-backup-rpo"
VELERO = "velero"


def words(duration: timedelta) -> str:
    """``30 minutes``, ``1 hour``, ``1 hour 30 minutes``: as the lesson's title says it."""
    seconds = int(duration.total_seconds())
    parts = [
        (seconds // 3600, "hour"),
        (seconds % 3600 // 60, "minute"),
        (seconds % 60, "second"),
    ]
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count)


def markdown(incident: Incident) -> str:
    """The whole runbook of one loss; every block in it runs as printed, by itself."""
    parts = (_title, _assess, _fail_over, _restore, _validate, _fail_back)
    return "\n\n".join(paragraph for part in parts for paragraph in part(incident)) + "\n"


def files(incidents: Sequence[Incident]) -> dict[str, str]:
    """One file for each loss: the first under the lesson's name, the others each under its region's."""
    first, *others = incidents
    return {
        FILE: markdown(first),
        **{FILE.replace(".md", f"-{each.lost.region}.md"): markdown(each) for each in others},
    }


def config_map(data: pulumi.Input[dict[str, str]]) -> dict[str, Any]:
    """``dr-runbook`` with ``data`` as its files."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels(NAME, "runbook")},
        "data": data,
    }


def _shell(*lines: str) -> str:
    return "\n".join(["```bash", *lines, "```"])


def _title(incident: Incident) -> list[str]:
    lost, dr = incident.lost, incident.dr
    return [
        "# ML Platform Disaster Recovery",
        f"## RTO: {words(incident.rto)} | RPO: {words(incident.rpo)}",
        f"Region `{lost.region}` ({lost.location}) is lost, `{dr.region}` ({dr.location}) takes over. It "
        f"does so by itself, a minute or so after the loss: Route 53 leaves `{lost.region}` out of its "
        f"answers, and the capacity of `{dr.region}` is raised from {incident.replicas} replicas to "
        f"{incident.peak_replicas}. Read on to see that it did, to force it, and to bring back what is "
        "needed. Every block runs as printed, by itself.",
        "Once, on a machine that has the AWS command line, kubectl and velero:",
        _shell(aws.contexts(incident)),
    ]


def _assess(incident: Incident) -> list[str]:
    lost, dr = incident.lost, incident.dr
    at_lost = f"kubectl --context={lost.context} --request-timeout=10s"
    return [
        "### Step 1: Assess Impact",
        f"What is left of `{lost.region}`? Nodes missing in one zone only are no region loss: the other "
        "zones carry the load, and nothing here is needed.",
        _shell(
            f"{at_lost} get nodes -o wide -L topology.kubernetes.io/zone",
            f"{at_lost} get pods -n {NAMESPACE} -o wide",
            f"{at_lost} top nodes",
        ),
        "What do clients and Route 53's checkers see of it?",
        _shell(
            f"curl -sS --max-time 10 -o /dev/null -w '%{{http_code}}\\n' https://{lost.fqdn}/v2/health/ready"
        ),
        _shell(aws.health(incident)),
        f"And what is there of `{dr.region}`?",
        _shell(f"kubectl --context={dr.context} get pods -n {NAMESPACE} -o wide"),
    ]


def _fail_over(incident: Incident) -> list[str]:
    lost, dr = incident.lost, incident.dr
    at_dr = f"kubectl --context={dr.context}"
    return [
        "### Step 2: Failover to DR Region",
        f"Verify that DNS has moved: the zone's own server, asked first, names the load balancer of "
        f"`{dr.region}`, in {dr.location}; this machine's resolver does so after {words(DNS_TTL)} "
        "at the latest.",
        _shell(aws.answer(incident)),
        f"Verify that capacity was raised: the HPA's minimum is {incident.peak_replicas}, and the Service "
        f"bears `{lost.region}` as the record of it.",
        _shell(
            f"{at_dr} get hpa {SERVICE} -n {NAMESPACE}",
            f"{at_dr} get service {SERVICE} -n {NAMESPACE} \\",
            "  -o jsonpath='{.metadata.annotations.failover-region}'",
        ),
        f"Force DNS when `{lost.region}` still passes its check and serves badly:",
        _shell(aws.take_out_of_dns(incident)),
        "Route 53 is changed through us-east-1. When that is what is lost, and the Kubernetes API of "
        f"`{lost.region}` still answers, close its gateway instead: the check then fails by itself.",
        _shell(
            f"kubectl --context={lost.context} --request-timeout=10s \\",
            f"  scale deployment {aws.GATEWAY} --replicas=0 -n {aws.GATEWAY_NAMESPACE}",
        ),
        f"Force capacity when the minimum is still {incident.replicas}:",
        _shell(
            *_floor(dr.context, incident.peak_replicas),
            f"{at_dr} rollout status deployment/{SERVICE} -n {NAMESPACE} "
            f"--timeout={int(incident.rto.total_seconds())}s",
        ),
    ]


def _floor(context: str, replicas: int) -> list[str]:
    return [
        f"kubectl --context={context} patch hpa {SERVICE} -n {NAMESPACE} --type=merge \\",
        f'  -p \'{{"spec": {{"minReplicas": {replicas}}}}}\'',
    ]


def _restore(incident: Incident) -> list[str]:
    lost, dr = incident.lost, incident.dr
    return [
        "### Step 3: Restore from Backup (if needed)",
        "Serving needs nothing restored: models are replicated, and what serves them is deployed in "
        f"`{dr.region}` already. Restore for state that only `{lost.region}` had: experiments, notebooks, "
        f"training volumes. Its backups are read from the bucket of `{dr.region}`, where replication has put "
        "them.",
        "List available backups:",
        _shell(
            f"velero --kubecontext {dr.context} backup get "
            f"--selector velero.io/storage-location={lost.region}"
        ),
        f"Restore the latest complete one. What exists already in `{dr.region}` is left as it is.",
        _shell(
            f'backup="$(kubectl --context={dr.context} get backups.velero.io -n {VELERO} \\',
            f"  -l velero.io/storage-location={lost.region},velero.io/schedule-name={RPO_SCHEDULE} \\",
            "  --sort-by=.status.completionTimestamp \\",
            '  -o jsonpath=\'{range .items[?(@.status.phase=="Completed")]}{.metadata.name}{"\\n"}{end}\' \\',
            '  | tail -n 1)"',
            f'velero --kubecontext {dr.context} restore create --from-backup "$backup" --wait',
        ),
        "Verify that models are accessible:",
        _shell(
            f"kubectl --context={dr.context} exec deploy/{SERVICE} -c {CONTAINER} -n {NAMESPACE} -- \\",
            "  ls -la /models/",
        ),
        "If models were deleted or spoilt, and replication spread it, bring them back from the registry's "
        "backup. What would be copied is shown; run the last command without `--dryrun` to copy it.",
        _shell(aws.registry_from_backup(incident)),
        *copy_gcs.section(incident, _shell),
    ]


def _validate(incident: Incident) -> list[str]:
    names = [name for name in (incident.dr_fqdn, incident.dr.fqdn, incident.entry_fqdn) if name]
    predict = [
        line
        for name in names
        for line in (
            f"curl -fsS --max-time 30 -X POST https://{name}/v1/models/default:predict \\",
            "  -H 'Content-Type: application/json' -d '{\"instances\": [[1,2,3,4]]}'",
        )
    ]
    return [
        "### Step 4: Validate Services",
        "Health check:",
        _shell(*(f"curl -fsS --max-time 10 https://{name}/v2/health/ready" for name in names)),
        "Test inference:",
        _shell(*predict),
    ]


def _fail_back(incident: Incident) -> list[str]:
    lost, dr = incident.lost, incident.dr
    return [
        "### Failback",
        f"`{lost.region}` comes back by itself too: into DNS when its check passes, and `{dr.region}` gives "
        "its capacity back once its peer has been well for a while. 3, 4 and 6 are for what was forced.",
        "1. It is ready:",
        _shell(f"curl -fsS --max-time 10 https://{lost.fqdn}/v2/health/ready"),
        "2. It has caught up with the models that were written meanwhile: the newest value is 0.",
        _shell(aws.backlog(incident)),
        "3. If its gateway was closed, open it; its autoscaler does the rest:",
        _shell(
            f"kubectl --context={lost.context} scale deployment {aws.GATEWAY} --replicas=2 "
            f"-n {aws.GATEWAY_NAMESPACE}"
        ),
        "4. If DNS was forced, let the check decide again:",
        _shell(aws.bring_back_into_dns(incident)),
        "5. Clients are served there:",
        _shell(aws.answer(incident)),
        "6. If capacity was forced, give it back. The autoscaler removes pods slowly, as load allows:",
        _shell(*_floor(dr.context, incident.replicas)),
    ]
