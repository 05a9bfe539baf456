"""The configuration of the stack that runs: the one module that reads pulumi.Config."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from config import names
from config.mesh_ca import MeshCa
from config.platform import Platform, RegionEntry
from config.problems import ConfigError
from config.reading import StackText, read
from config.region import Region


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that one region's program needs to know."""

    platform: Platform
    name: str
    region: Region
    mesh_ca: MeshCa
    mesh_ca_key: pulumi.Output[str]

    @property
    def entry(self) -> RegionEntry:
        """This region's line in the index."""
        return self.platform.regions[self.name]

    @property
    def peers(self) -> tuple[str, ...]:
        """The regions with which this one shares failover."""
        return self.platform.peers(self.name)

    @property
    def dr_fqdn(self) -> str | None:
        """The name for people in an incident, where it is this region that answers for it."""
        return names.dr_fqdn(self.platform) if self.platform.failover_of_primary == self.name else None


def load() -> Settings:
    """The settings of the stack that is being run; raises ``ConfigError`` with every problem it finds."""
    config, name = pulumi.Config(), pulumi.get_stack()
    text = StackText(
        region=config.get_object("region"),
        mesh_ca=config.get_object("meshCa"),
        mesh_ca_key=config.get("meshCaKey"),
    )
    reading = read(config.get_object("platform"), {name: text})
    if reading.platform is None:
        raise ConfigError(reading.problems)
    return Settings(
        platform=reading.platform,
        name=name,
        region=reading.regions[name],
        mesh_ca=reading.mesh_cas[name],
        mesh_ca_key=config.require_secret("meshCaKey"),
    )
