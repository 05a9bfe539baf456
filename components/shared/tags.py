"""Tags of cloud resources."""

from __future__ import annotations

PREFIX = "standfast.dev"


def tags(platform: str, region: str, component: str) -> dict[str, str]:
    """What every taggable resource of ``component`` carries.

    The keys let a bill be split by platform, region and component, and let a person who finds a resource
    in a console know which stack owns it. The colons of the reserved ``aws:`` prefix are avoided.
    """
    return {
        f"{PREFIX}/platform": platform,
        f"{PREFIX}/region": region,
        f"{PREFIX}/component": component,
        f"{PREFIX}/managed-by": "pulumi",
    }


def named(base: dict[str, str], name: str) -> dict[str, str]:
    """``base`` with the ``Name`` that consoles show in their lists."""
    return {**base, "Name": name}
