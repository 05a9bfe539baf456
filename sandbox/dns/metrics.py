"""What Route 53 tells CloudWatch of health checks, every minute, in us-east-1.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html. The times that
MeasureLatency adds are not published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

NAMESPACE = "AWS/Route53"
LOCATION = "us-east-1"
SECONDS = 60.0


def metric_data(shares: Mapping[str, tuple[bool, float]], now: dt.datetime) -> list[dict[str, Any]]:
    """The MetricData of a PutMetricData; `shares`: check → healthy, and the percentage of checkers."""
    data: list[dict[str, Any]] = []
    for check, (healthy, percentage) in shares.items():
        common = {"Dimensions": [{"Name": "HealthCheckId", "Value": check}], "Timestamp": now}
        data.append({"MetricName": "HealthCheckStatus", "Value": float(healthy), "Unit": "None", **common})
        data.append(
            {
                "MetricName": "HealthCheckPercentageHealthy",
                "Value": percentage,
                "Unit": "Percent",
                **common,
            }
        )
    return data
