"""Route 53 and ACM: a region's names, their certificate, and the check that takes a lost region out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import acm, cloudwatch, route53

from components.global_dns.desired import PORT, READY_PATH
from config.timings import DNS_TTL, PROBE_FAILURES, PROBE_INTERVAL, seconds

METRICS_LOCATION = "us-east-1"
"""Where Route 53 publishes its metrics.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""

VALIDATION_TTL = 300
"""Seconds; ACM asks again for as long as the certificate is renewed."""


class ValidationError(LookupError):
    """ACM named no validation record for a domain of the certificate."""


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """``domains`` are the names that clients may ask this region by; the first becomes the subject."""

    domains: Sequence[str]
    zone_id: pulumi.Input[str]
    region: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Certificate(pulumi.ComponentResource):
    """A certificate validated by DNS; ``arn`` is there once ACM has issued it.

    ACM asks for the same record in every region of an account. Each region therefore writes its own, as a
    weighted record set of its own identifier: all hold the same value, and a region that goes does not take
    its peers' renewal with it.
    Sources: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:global_dns:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domains[0],
            subject_alternative_names=list(args.domains[1:]),
            validation_method="DNS",
            tags=dict(args.tags),
            opts=child,
        )
        records: list[route53.Record] = []
        for domain in args.domains:
            option = certificate.domain_validation_options.apply(
                lambda options, domain=domain: _option_of(options, domain)
            )
            records.append(
                route53.Record(
                    f"{name}-validation-{domain}",
                    zone_id=args.zone_id,
                    name=option.apply(lambda option: _text(option.resource_record_name)),
                    type=option.apply(lambda option: _text(option.resource_record_type)),
                    records=[option.apply(lambda option: _text(option.resource_record_value))],
                    ttl=VALIDATION_TTL,
                    set_identifier=args.region,
                    weighted_routing_policies=[{"weight": 1}],
                    opts=child,
                )
            )
        validation = acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


def _option_of(
    options: Sequence[acm.outputs.CertificateDomainValidationOption], domain: str
) -> acm.outputs.CertificateDomainValidationOption:
    for option in options:
        if option.domain_name == domain:
            return option
    raise ValidationError(
        f"ACM gave no validation record for {domain}, but for {[option.domain_name for option in options]}: "
        "look at the certificate in the console"
    )


def _text(value: str | None) -> str:
    if value is None:
        raise ValidationError("ACM has not said yet how it validates the certificate: update again")
    return value


@dataclass(frozen=True, kw_only=True)
class GlobalDnsArgs:
    """A region's names: the platform's entry, its own, and, in the primary's failover target, the DR name.

    ``hostname`` is the load balancer's. ``alarm_topic_arn`` is a topic in us-east-1.
    """

    zone_id: pulumi.Input[str]
    entry_fqdn: str
    region_fqdn: str
    dr_fqdn: str | None
    region: str
    location: str
    hostname: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class GlobalDns(pulumi.ComponentResource):
    """A health check on this region's own name, and the records that follow it.

    The entry is a latency record of this region's identifier: Route 53 leaves it out of its answers while the
    check fails, from its data plane, without a call to any control plane. The check asks the region's own
    name, since the entry would lead it to another region. Checkers are left at Route 53's own choice, three
    or more regions, of which more than 18 % must find the region healthy.
    Sources: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-latency.html,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
    """

    health_check_id: pulumi.Output[str]

    def __init__(self, name: str, args: GlobalDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:global_dns:GlobalDns", name, None, opts)
        self._name = name
        self._args = args
        own = self._record("region", args.region_fqdn)
        check = self._health_check(own)
        route53.Record(
            f"{name}-entry",
            zone_id=args.zone_id,
            name=args.entry_fqdn,
            type="CNAME",
            ttl=seconds(DNS_TTL),
            records=[args.hostname],
            set_identifier=args.region,
            latency_routing_policies=[{"region": args.location}],
            health_check_id=check.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.dr_fqdn:
            self._record("dr", args.dr_fqdn)
        self._alarm(check)
        self.health_check_id = check.id
        self.register_outputs({"health_check_id": self.health_check_id})

    def _record(self, key: str, fqdn: str) -> route53.Record:
        return route53.Record(
            f"{self._name}-{key}",
            zone_id=self._args.zone_id,
            name=fqdn,
            type="CNAME",
            ttl=seconds(DNS_TTL),
            records=[self._args.hostname],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _health_check(self, own: route53.Record) -> route53.HealthCheck:
        return route53.HealthCheck(
            f"{self._name}-health",
            type="HTTPS",
            fqdn=self._args.region_fqdn,
            port=PORT,
            resource_path=READY_PATH,
            request_interval=seconds(PROBE_INTERVAL),
            failure_threshold=PROBE_FAILURES,
            enable_sni=True,
            measure_latency=True,
            tags={**self._args.tags, "Name": self._args.region_fqdn},
            # A check that starts before its name exists begins with a failure.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[own]),
        )

    def _alarm(self, check: route53.HealthCheck) -> None:
        cloudwatch.MetricAlarm(
            f"{self._name}-unhealthy",
            alarm_description=f"{self._args.region} does not answer at {self._args.region_fqdn}: out of DNS",
            namespace="AWS/Route53",
            metric_name="HealthCheckStatus",
            dimensions={"HealthCheckId": check.id},
            statistic="Minimum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=60,
            evaluation_periods=1,
            # The status is published every minute as long as the check exists.
            treat_missing_data="breaching",
            alarm_actions=[self._args.alarm_topic_arn],
            ok_actions=[self._args.alarm_topic_arn],
            region=METRICS_LOCATION,
            tags=dict(self._args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
