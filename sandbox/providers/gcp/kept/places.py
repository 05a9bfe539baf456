"""Where Cloud Storage keeps buckets: https://cloud.google.com/storage/docs/locations."""

from __future__ import annotations

MULTI_REGIONS = frozenset({"ASIA", "EU", "US"})
DUAL_REGIONS = {
    "ASIA1": ("ASIA-NORTHEAST1", "ASIA-NORTHEAST2"),
    "EUR4": ("EUROPE-NORTH1", "EUROPE-WEST4"),
    "EUR5": ("EUROPE-WEST1", "EUROPE-WEST2"),
    "EUR7": ("EUROPE-WEST2", "EUROPE-WEST3"),
    "EUR8": ("EUROPE-WEST3", "EUROPE-WEST6"),
    "NAM4": ("US-CENTRAL1", "US-EAST1"),
}
_NUMBERED = {
    "AFRICA-SOUTH": (1,),
    "ASIA-EAST": (1, 2),
    "ASIA-NORTHEAST": (1, 2, 3),
    "ASIA-SOUTH": (1, 2),
    "ASIA-SOUTHEAST": (1, 2, 3),
    "AUSTRALIA-SOUTHEAST": (1, 2),
    "EUROPE-CENTRAL": (2,),
    "EUROPE-NORTH": (1, 2),
    "EUROPE-SOUTHWEST": (1,),
    "EUROPE-WEST": (1, 2, 3, 4, 6, 8, 9, 10, 12),
    "ME-CENTRAL": (1, 2),
    "ME-WEST": (1,),
    "NORTHAMERICA-NORTHEAST": (1, 2),
    "NORTHAMERICA-SOUTH": (1,),
    "SOUTHAMERICA-EAST": (1,),
    "SOUTHAMERICA-WEST": (1,),
    "US-CENTRAL": (1,),
    "US-EAST": (1, 4, 5),
    "US-SOUTH": (1,),
    "US-WEST": (1, 2, 3, 4),
}
REGIONS = frozenset(f"{area}{number}" for area, numbers in _NUMBERED.items() for number in numbers)


def location_type(location: str, *, placed: bool = False) -> str | None:
    """`region`, `dual-region` or `multi-region`; None for a place that Cloud Storage does not have.

    `placed`: with two regions of its own choice (customPlacementConfig), which makes a dual-region of any.
    """
    name = location.upper()
    if name in DUAL_REGIONS or (placed and name in MULTI_REGIONS):
        return "dual-region"
    if name in MULTI_REGIONS:
        return "multi-region"
    return "region" if name in REGIONS else None
