"""When each model version became whole in each region's bucket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from drills.errors import StoreError
from drills.traffic.publisher import PREFIX, Version, complete, published
from drills.traffic.target import Objects

FROM_THE_START = 0.0
"""The time of what was whole before the first look."""


class Copies:
    """Looks into the buckets whenever `look` is called; a version is whole from the look that finds it so."""

    def __init__(self, stores: Mapping[str, Objects], clock: Callable[[], float]) -> None:
        self._stores = stores
        self._clock = clock
        self.completed: dict[str, dict[str, float]] = {region: {} for region in stores}
        for region in stores:
            self._look(region, FROM_THE_START)

    def look(self, unreachable: Collection[str] = ()) -> None:
        """Look into every bucket that can be reached; of one that gives no answer stays what is known."""
        for region in self._stores.keys() - set(unreachable):
            with suppress(StoreError):
                self._look(region, self._clock())

    def _look(self, region: str, at: float) -> None:
        store, known = self._stores[region], self.completed[region]
        for version in sorted(published(store.list(PREFIX)) - known.keys()):
            if complete(store, version):
                known[version] = at

    def missing(self, ledger: Sequence[Version]) -> dict[str, list[str]]:
        """The acknowledged versions that are not whole, by region; empty when every bucket has all."""
        missing = {
            region: [entry.version for entry in ledger if entry.version not in known]
            for region, known in self.completed.items()
        }
        return {region: versions for region, versions in missing.items() if versions}
