"""The steps that speak to AWS; each is a block that runs by itself, as printed."""

from __future__ import annotations

from components.runbook.incident import Incident

GATEWAY = "istio-ingressgateway"
GATEWAY_NAMESPACE = "istio-system"


def contexts(incident: Incident) -> str:
    """Both clusters under the names that the other steps use."""
    return "\n".join(
        f"aws eks update-kubeconfig --region {place.location} --name {place.context} --alias {place.context}"
        for place in (incident.lost, incident.dr)
    )


def _health_check(incident: Incident) -> str:
    """The check that the lost region's own record of the entry follows."""
    return f"""\
health_check="$(aws route53 list-resource-record-sets --hosted-zone-id {incident.zone_id} \\
  --query "ResourceRecordSets[?Name=='{incident.entry_fqdn}.' \\
    && SetIdentifier=='{incident.lost.region}'].HealthCheckId" \\
  --output text)\""""


def health(incident: Incident) -> str:
    """What Route 53's checkers see of the lost region."""
    return f"""\
{_health_check(incident)}
aws route53 get-health-check-status --health-check-id "$health_check" \\
  --query 'HealthCheckObservations[].[Region, StatusReport.Status]' --output table"""


def answer(incident: Incident) -> str:
    """Where clients are sent from here, by Route 53's data plane and by this machine's resolver."""
    return f"""\
server="$(dig +short NS {incident.hosted_zone} | head -n 1)"
dig +short CNAME {incident.entry_fqdn} "@$server"
dig +short CNAME {incident.entry_fqdn}"""


def take_out_of_dns(incident: Incident) -> str:
    """A disabled check counts as healthy, an inverted one as the opposite: both, as unhealthy for good.

    Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html
    """
    return f"""\
{_health_check(incident)}
aws route53 update-health-check --health-check-id "$health_check" --disabled --inverted"""


def bring_back_into_dns(incident: Incident) -> str:
    """The check decides again."""
    return f"""\
{_health_check(incident)}
aws route53 update-health-check --health-check-id "$health_check" --no-disabled --no-inverted"""


def registry_from_backup(incident: Incident) -> str:
    """The lost region's copy, as replicated here, into this region's registry."""
    dr, lost = incident.dr, incident.lost
    return f"""\
aws s3 ls s3://{dr.registry_backup}/{lost.region}/manifests/ --region {dr.location}
aws s3 sync --region {dr.location} --dryrun \\
  s3://{dr.registry_backup}/{lost.region}/registry \\
  s3://{dr.registry}"""


def backlog(incident: Incident) -> str:
    """What still waits to be replicated to the region that came back, in bytes, over the last half hour."""
    dr, lost = incident.dr, incident.lost
    return f"""\
now="$(date +%s)"
aws cloudwatch get-metric-statistics --region {lost.location} \\
  --namespace AWS/S3 --metric-name BytesPendingReplication \\
  --dimensions Name=SourceBucket,Value={dr.registry} \\
    Name=DestinationBucket,Value={lost.registry} Name=RuleId,Value=to-{lost.region} \\
  --start-time "$((now - 1800))" --end-time "$now" --period 300 --statistics Maximum"""
