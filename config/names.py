"""Names by rule: what a peer can know without asking."""

from __future__ import annotations

from config.platform import Platform, Purpose


def bucket(platform: str, purpose: Purpose, region: str, account: str) -> str:
    """A bucket's name; the account makes it unique in the world and keeps strangers from taking it first."""
    return f"{platform}-{purpose}-{region}-{account}"


def bucket_of(platform: Platform, purpose: Purpose, region: str) -> str:
    """The name of ``region``'s bucket for ``purpose``."""
    return bucket(platform.name, purpose, region, platform.account)


def gcs_bucket(platform: str, project: str) -> str:
    """The copy's bucket; one project's ids are taken by nobody else, which keeps strangers from the name."""
    return f"{platform}-{Purpose.MODEL_REGISTRY}-{project}"


def models_gcs_bucket(platform: Platform) -> str | None:
    """The bucket with the copy of the models, where the platform has one."""
    return gcs_bucket(platform.name, platform.gcs.project) if platform.gcs else None


def cluster(platform: Platform, region: str) -> str:
    """A region's cluster, which is also its name in the mesh and its kubectl context."""
    return f"{platform.name}-{region}"


def network(platform: Platform, region: str) -> str:
    """A region's network in the mesh."""
    return f"{platform.name}-{region}"


def entry_fqdn(platform: Platform) -> str:
    """The name that clients ask."""
    return f"inference.{platform.domain}"


def dr_fqdn(platform: Platform) -> str:
    """The name of the primary's failover target, for people in an incident."""
    return f"inference-dr.{platform.domain}"


def region_fqdn(platform: Platform, region: str) -> str:
    """A region's own name, which its health check asks."""
    return f"{region}.{platform.domain}"
