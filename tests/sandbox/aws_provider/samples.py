"""One sample for each entry of the table."""

from __future__ import annotations

from tests.sandbox.aws_provider import samples_cluster, samples_network, samples_services, samples_storage
from tests.sandbox.aws_provider.ground import Sample

SAMPLES: list[Sample] = [
    *samples_network.SAMPLES,
    *samples_storage.SAMPLES,
    *samples_services.SAMPLES,
    *samples_cluster.SAMPLES,
]
