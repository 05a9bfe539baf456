import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.config.authority import intermediate, root

REPOSITORY = Path(__file__).parents[3]

Edit = Callable[[dict[str, Any]], None]


class Folder:
    """A copy of the project's own stack files, with a mesh CA, to be spoilt by a test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for source in [*REPOSITORY.glob("Pulumi.yaml"), *REPOSITORY.glob("Pulumi.*-*.yaml")]:
            shutil.copy(source, path)
        self.root = root()
        for region in ("us-east", "eu-west"):
            self.give_ca(region, self.root)

    def give_ca(self, region: str, authority: Any) -> None:
        values, key = intermediate(region, authority)
        self.edit(
            f"Pulumi.{region}.yaml",
            lambda c: c.update({"standfast:meshCa": values, "standfast:meshCaKey": key}),
        )

    def edit(self, name: str, change: Edit) -> None:
        file = self.path / name
        document = yaml.safe_load(file.read_text())
        change(document["config"])
        file.write_text(yaml.safe_dump(document))

    def platform(self, change: Edit) -> None:
        self.edit("Pulumi.yaml", lambda config: change(config["standfast:platform"]["value"]))

    def region(self, name: str, change: Edit) -> None:
        self.edit(f"Pulumi.{name}.yaml", lambda config: change(config["standfast:region"]))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
