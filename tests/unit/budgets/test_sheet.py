"""The sheet as a whole, and its way through the stack files."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import given

from config.budgets.headroom import headroom_problems, quorum_problems
from config.budgets.quotas import problems as quota_problems
from config.budgets.rpo import problems as rpo_problems
from config.budgets.rto import problems as rto_problems
from config.budgets.sheet import sheet
from config.files import read_folder
from config.region import Region
from tests.unit.budgets.platforms import Case, cases, platform, pool, region, ring
from tests.unit.config.conftest import Folder, folder

__all__ = ["folder"]


@given(cases())
def test_the_sheet_holds_exactly_when_nothing_is_refused(case: Case):
    entries = ring(2)
    regions = dict.fromkeys(entries, case.region)
    whole = platform(entries).model_copy(
        update={
            "objectives": case.objectives,
            "inference": case.inference,
            "backup": case.backup,
            "models": platform(entries).models.model_copy(update={"size": case.size}),
        }
    )
    refused = [
        *quorum_problems("z", case.inference, len(case.region.zones)),
        *headroom_problems("r", case.inference, case.region),
        *rpo_problems("p", case.objectives, case.backup, case.size),
        *rto_problems("p", "r", case.objectives, case.inference, size=case.size, region=case.region),
        *quota_problems("p", "r", entries, regions),
    ]
    found = sheet(whole, regions)
    assert found.holds == (not refused)
    assert json.loads(json.dumps(found.document()))["ok"] == found.holds


def test_the_document_tells_every_budget_of_24_regions_and_8_zones():
    entries = ring(24)
    place = region(8, pool(3, 5, node_price_per_hour=2.5))
    document = sheet(platform(entries), dict.fromkeys(entries, place)).document()
    assert len(document["rto"]) == 2 * 24
    assert {row["failure"] for row in document["rto"]} == {"zone", "region"}
    assert len(document["headroom"]) == 24 * (8 + 2)
    assert document["cost"][0]["moneyAMonthForZone"] == str(document["cost"][0]["gpusForZone"] * 1825) + ".00"
    terms = document["rto"][1]["terms"]
    assert sum(term["seconds"] for term in terms) == document["rto"][1]["seconds"]
    assert all(row["ok"] for row in document["quotas"] if row["name"] != "elastic addresses")


def refusals(folder: Folder) -> list[str]:
    return [str(problem) for problem in read_folder(folder.path).problems]


def test_stack_files_that_break_a_budget_are_refused_with_its_terms(folder: Folder):
    folder.platform(lambda p: p.update(objectives={"rto": "19m", "rpo": "55m"}))
    found = refusals(folder)
    assert all("is over the R" in problem for problem in found)
    assert [problem.partition(":")[0] for problem in found] == ["eu-west", "standfast", "us-east"]
    assert (
        "= 19m15s is over the RTO of 19m; set eu-west: standfast:region.gpuPools.0.warmPerZone to 4"
        in found[0]
    )
    assert "= 55m3s is over the RPO of 55m; set standfast:platform.backup.registryInterval to 20m" in found[1]


def test_the_stack_that_is_previewed_alone_is_refused_too(folder: Folder):
    from config.reading import StackText, read
    from tests.program.regions import PLATFORM, region_text

    text: Mapping[str, object] = {**PLATFORM, "objectives": {"rto": "19m", "rpo": "1h"}}
    reading = read(text, {"us-east": StackText(region_text("us-east"), None, None)})
    assert any("= 19m15s is over the RTO of 19m" in str(problem) for problem in reading.problems)
    assert not any(str(problem).startswith("eu-west") for problem in reading.problems)


def test_a_price_is_read_from_the_stack_file(folder: Folder):
    def priced(value: dict[str, list[dict[str, object]]]) -> None:
        value["gpuPools"][0]["nodePricePerHour"] = 2.24208

    folder.region("us-east", priced)
    reading = read_folder(folder.path)
    assert reading.platform
    regions: dict[str, Region] = reading.regions
    money = [row["moneyAMonthForZone"] for row in sheet(reading.platform, regions).document()["cost"]]
    assert money == ["4910.16", None]


def test_a_price_that_is_none_is_refused(folder: Folder):
    folder.region("us-east", lambda value: value["gpuPools"][0].update(nodePricePerHour=-1))
    assert any("nodePricePerHour: -1" in problem for problem in refusals(folder))
