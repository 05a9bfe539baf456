"""Names, certificate and health check of a region, as the engine would see them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.global_dns.aws import Certificate, CertificateArgs, GlobalDns, GlobalDnsArgs
from tests.program.recording import Recording, record

TOPIC = "arn:aws:sns:us-east-1:123456789012:standfast-eu-west-alarms"
HOSTNAME = "k8s-istio-1234.elb.eu-west-1.amazonaws.com"

DNS = GlobalDnsArgs(
    zone_id="Z0123456789",
    entry_fqdn="inference.example.com",
    region_fqdn="eu-west.example.com",
    dr_fqdn="inference-dr.example.com",
    region="eu-west",
    location="eu-west-1",
    hostname=HOSTNAME,
    alarm_topic_arn=TOPIC,
)

DOMAINS = ["inference.example.com", "eu-west.example.com", "inference-dr.example.com"]


def record_dns(args: GlobalDnsArgs = DNS) -> Recording:
    return record(lambda: GlobalDns("dns", args).health_check_id)


def record_certificate(region: str = "eu-west") -> Recording:
    return record(
        lambda: Certificate("tls", CertificateArgs(domains=DOMAINS, zone_id="Z0123456789", region=region)).arn
    )


class TestGlobalDns:
    def test_the_check_asks_readiness_at_the_regions_own_name(self) -> None:
        check = record_dns().one("aws:route53/healthCheck:HealthCheck").inputs
        assert check == {
            "type": "HTTPS",
            "fqdn": "eu-west.example.com",
            "port": 443,
            "resourcePath": "/v2/health/ready",
            "requestInterval": 10,
            "failureThreshold": 3,
            "enableSni": True,
            "measureLatency": True,
            "tags": {"Name": "eu-west.example.com"},
        }

    def test_the_entry_follows_latency_and_health(self) -> None:
        recording = record_dns()
        entry = recording.named("dns-entry").inputs
        assert entry == {
            "zoneId": "Z0123456789",
            "name": "inference.example.com",
            "type": "CNAME",
            "ttl": 30,
            "records": [HOSTNAME],
            "setIdentifier": "eu-west",
            "latencyRoutingPolicies": [{"region": "eu-west-1"}],
            "healthCheckId": recording.result,
        }

    @pytest.mark.parametrize("record_name", ["dns-region", "dns-dr"])
    def test_names_of_one_region_are_there_whether_it_is_healthy_or_not(self, record_name: str) -> None:
        inputs = record_dns().named(record_name).inputs
        assert "healthCheckId" not in inputs
        assert inputs["ttl"] == 30
        assert inputs["records"] == [HOSTNAME]

    def test_only_the_primarys_failover_target_answers_for_the_dr_name(self) -> None:
        names = [
            r.inputs["name"] for r in record_dns(replace(DNS, dr_fqdn=None)).of("aws:route53/record:Record")
        ]
        assert sorted(names) == ["eu-west.example.com", "inference.example.com"]

    def test_the_alarm_is_where_route_53_publishes(self) -> None:
        recording = record_dns()
        alarm = recording.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
        assert alarm["region"] == "us-east-1"
        assert alarm["dimensions"] == {"HealthCheckId": recording.result}
        assert (alarm["statistic"], alarm["comparisonOperator"], alarm["threshold"]) == (
            "Minimum",
            "LessThanThreshold",
            1,
        )
        assert alarm["treatMissingData"] == "breaching"
        assert alarm["alarmActions"] == [TOPIC]

    def test_the_name_is_there_before_it_is_checked(self) -> None:
        recording = record_dns()
        check = recording.one("aws:route53/healthCheck:HealthCheck")
        assert recording.before(recording.named("dns-region"), check)


class TestCertificate:
    def test_every_name_is_in_it(self) -> None:
        certificate = record_certificate().one("aws:acm/certificate:Certificate").inputs
        assert certificate["domainName"] == DOMAINS[0]
        assert certificate["subjectAlternativeNames"] == DOMAINS[1:]
        assert certificate["validationMethod"] == "DNS"

    def test_each_name_has_the_record_that_acm_asks_for(self) -> None:
        recording = record_certificate()
        options = {
            option["domainName"]: option
            for option in recording.outputs["tls-certificate"]["domainValidationOptions"]
        }
        for domain in DOMAINS:
            inputs = recording.named(f"tls-validation-{domain}").inputs
            assert inputs["name"] == options[domain]["resourceRecordName"]
            assert inputs["type"] == options[domain]["resourceRecordType"]
            assert inputs["records"] == [options[domain]["resourceRecordValue"]]

    def test_two_regions_write_record_sets_that_stand_beside_each_other(self) -> None:
        east, west = (
            record_certificate(region).named("tls-validation-inference.example.com").inputs
            for region in ("us-east", "eu-west")
        )
        assert (east["setIdentifier"], west["setIdentifier"]) == ("us-east", "eu-west")
        assert east["weightedRoutingPolicies"] == west["weightedRoutingPolicies"] == [{"weight": 1}]
        assert east["name"] == west["name"]
        assert east["records"] == west["records"]

    def test_the_arn_is_that_of_an_issued_certificate(self) -> None:
        recording = record_certificate()
        issued = recording.one("aws:acm/certificateValidation:CertificateValidation")
        assert recording.result == issued.inputs["certificateArn"]
        for domain in DOMAINS:
            assert recording.before(recording.named(f"tls-validation-{domain}"), issued)
