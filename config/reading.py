"""From the text of the stack files to models and problems; every problem at once, not the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from config import checks
from config.budgets import copies, quotas, rpo, rto
from config.budgets.headroom import headroom_problems, quorum_problems
from config.mesh_ca import MeshCa, mesh_ca_problems
from config.platform import Backup, Inference, Models, Objectives, Platform, RegionEntry, peers_of
from config.problems import Problem, from_validation, shown
from config.region import Region
from config.types import Model

PLATFORM = "standfast:platform"
REGION = "standfast:region"
MESH_CA = "standfast:meshCa"
MESH_CA_KEY = "standfast:meshCaKey"

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class StackText:
    """One stack's part of the configuration as read; ``mesh_ca_key`` is True when it is set but encrypted."""

    region: Any
    mesh_ca: Any
    mesh_ca_key: str | bool | None


@dataclass(frozen=True)
class Reading:
    """What could be read, and all that stands in the way.

    ``platform`` is there when nothing stands in the way; ``shape`` is the platform that has faults, unknown
    keys left out, when it can be read as one: what budgets are told of.
    """

    platform: Platform | None
    regions: dict[str, Region]
    mesh_cas: dict[str, MeshCa]
    problems: list[Problem] = field(default_factory=list)
    shape: Platform | None = None


def read(platform_text: Any, stacks: Mapping[str, StackText]) -> Reading:
    """Reads the platform and the given stacks, and checks all that can be checked with what could be read."""
    sections, problems = _sections(Platform, platform_text, PLATFORM)
    entries, entry_problems = _entries(platform_text)
    problems += entry_problems
    known = frozenset(_mapping(_mapping(platform_text).get("regions")))
    problems += _platform_problems(sections, entries, known)

    regions: dict[str, Region] = {}
    mesh_cas: dict[str, MeshCa] = {}
    for name, text in stacks.items():
        if name not in known:
            problems.append(
                Problem(f"{name}: {REGION}", "", f"is no region of {PLATFORM}.regions; add its line there")
            )
        region, found = _model(Region, text.region, f"{name}: {REGION}")
        problems += found
        if region is not None:
            regions[name] = region
            problems += _region_problems(name, region, entries.get(name), sections)
            problems += _reading_problems(name, region, entries, sections)
        mesh_ca, found = _mesh_ca(name, text)
        problems += found
        if mesh_ca is not None:
            mesh_cas[name] = mesh_ca
    problems += mesh_ca_problems(mesh_cas, MESH_CA)
    problems += quotas.problems(PLATFORM, REGION, entries, regions)
    shape, _ = _model(Platform, platform_text, PLATFORM)
    return Reading(None if problems else shape, regions, mesh_cas, sorted(set(problems)), shape)


def _platform_problems(
    sections: Mapping[str, Any], entries: Mapping[str, RegionEntry], known: frozenset[str]
) -> list[Problem]:
    problems: list[Problem] = []
    inference, objectives = sections.get("inference"), sections.get("objectives")
    if isinstance(inference, Inference):
        problems += checks.inference_problems(f"{PLATFORM}.inference", inference)
    backup, models = sections.get("backup", Backup()), sections.get("models")
    problems += checks.interval_problems(f"{PLATFORM}.backup", backup)
    if isinstance(objectives, Objectives) and isinstance(models, Models):
        problems += rpo.problems(PLATFORM, objectives, backup, models.size)
    if isinstance(models, Models):
        problems += copies.problems(PLATFORM, models)
    if known:
        problems += checks.index_problems(PLATFORM, entries, known)
        primary = sections.get("primary")
        if primary is not None and primary not in known:
            remedy = f"names no region; choose one of {', '.join(sorted(known))}"
            problems.append(Problem(f"{PLATFORM}.primary", shown(primary), remedy))
    if "name" in sections and "account" in sections:
        problems += checks.bucket_problems(PLATFORM, sections["name"], sections["account"], entries)
        if isinstance(models, Models) and models.stores.gcs is not None:
            gcs, name, account = models.stores.gcs, sections["name"], sections["account"]
            problems += checks.copy_problems(PLATFORM, gcs, name, account, entries)
    domain, zone = sections.get("domain"), sections.get("hosted_zone")
    if domain and zone and domain != zone and not domain.endswith(f".{zone}"):
        problems.append(Problem(f"{PLATFORM}.domain", shown(domain), f"must be in the hosted zone {zone}"))
    return problems


def _region_problems(
    name: str, region: Region, entry: RegionEntry | None, sections: Mapping[str, Any]
) -> list[Problem]:
    key = f"{name}: {REGION}"
    problems = list(checks.pool_problems(key, region))
    if entry is not None:
        problems += checks.zone_problems(key, region, entry)
    inference = sections.get("inference")
    if isinstance(inference, Inference) and inference.min_available < inference.replicas:
        problems += quorum_problems(f"{key}.zones", inference, len(region.zones))
        problems += headroom_problems(key, inference, region)
        objectives, models = sections.get("objectives"), sections.get("models")
        if isinstance(objectives, Objectives) and isinstance(models, Models):
            problems += rto.problems(PLATFORM, key, objectives, inference, size=models.size, region=region)
    return problems


def _reading_problems(
    name: str, region: Region, entries: Mapping[str, RegionEntry], sections: Mapping[str, Any]
) -> list[Problem]:
    models = sections.get("models")
    if name not in entries or not isinstance(models, Models):
        return []
    gcs = models.stores.gcs
    owner = (gcs.owner or sections.get("primary")) if gcs else None
    peers = peers_of({region: entry.failover_to for region, entry in entries.items()}, name)
    return list(checks.reading_problems(f"{name}: {REGION}", name, region, owner, peers))


def _mesh_ca(name: str, text: StackText) -> tuple[MeshCa | None, list[Problem]]:
    remedy = "is missing; make it with `standfast mesh-ca`"
    if text.mesh_ca is None:
        return None, [Problem(f"{name}: {MESH_CA}", "", remedy)]
    if not text.mesh_ca_key:
        return None, [Problem(f"{name}: {MESH_CA_KEY}", "", remedy)]
    key = text.mesh_ca_key if isinstance(text.mesh_ca_key, str) else None
    values = {**_mapping(text.mesh_ca), "caKey": key}
    return _model(MeshCa, values, f"{name}: {MESH_CA}")


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def _model(model: type[M], text: Any, key: str) -> tuple[M | None, list[Problem]]:
    """The model; when only unknown keys stand in its way, both the model without them and the problems."""
    if text is None:
        return None, [Problem(key, "", "is missing; set it in the stack's file")]
    try:
        return model.model_validate(text), []
    except ValidationError as error:
        problems = from_validation(error, key)
        unknown = [fault["loc"] for fault in error.errors() if fault["type"] == "extra_forbidden"]
        if len(unknown) < error.error_count():
            return None, problems
        kept, _ = _model(model, _without(text, unknown), key)
        return kept, problems


def _without(text: Any, unknown: list[tuple[int | str, ...]], at: tuple[int | str, ...] = ()) -> Any:
    if isinstance(text, Mapping):
        return {
            key: _without(value, unknown, (*at, key))
            for key, value in text.items()
            if (*at, key) not in unknown
        }
    if isinstance(text, list):
        return [_without(value, unknown, (*at, position)) for position, value in enumerate(text)]
    return text


def _sections(model: type[Model], text: Any, key: str) -> tuple[dict[str, Any], list[Problem]]:
    """Each field of the model by itself, ``regions`` apart: a fault in one does not hide those in another."""
    if not isinstance(text, Mapping):
        remedy = "is missing; set it in Pulumi.yaml" if text is None else "must be a mapping"
        return {}, [Problem(key, "" if text is None else shown(text), remedy)]
    given = _mapping(text)
    sections: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, info in model.model_fields.items():
        alias = info.alias or name
        if alias not in given:
            if info.is_required():
                problems.append(Problem(f"{key}.{alias}", "", "is missing; set it"))
            continue
        value = given.pop(alias)
        if name == "regions":
            continue
        if isinstance(info.annotation, type) and issubclass(info.annotation, Model):
            sections[name], found = _model(info.annotation, value, f"{key}.{alias}")
            problems += found
            continue
        try:
            adapter = TypeAdapter[Any](_annotated(model, name))
            sections[name] = adapter.validate_python(value)
        except ValidationError as error:
            problems += from_validation(error, f"{key}.{alias}")
    problems += [
        Problem(f"{key}.{unknown}", shown(value), "unknown key; remove it or correct its name")
        for unknown, value in given.items()
    ]
    return {name: value for name, value in sections.items() if value is not None}, problems


def _annotated(model: type[Model], name: str) -> Any:
    info = model.model_fields[name]
    annotation: Any = info.annotation
    for constraint in info.metadata:
        annotation = Annotated[annotation, constraint]
    return annotation


def _entries(platform_text: Any) -> tuple[dict[str, RegionEntry], list[Problem]]:
    entries: dict[str, RegionEntry] = {}
    problems: list[Problem] = []
    for name, text in _mapping(_mapping(platform_text).get("regions")).items():
        entry, found = _model(RegionEntry, text, f"{PLATFORM}.regions.{name}")
        problems += found
        if entry is not None:
            entries[name] = entry
    return entries, problems
