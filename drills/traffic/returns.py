"""When each model version was there again, to the byte, after every bucket was emptied."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from drills.errors import StoreError
from drills.traffic.publisher import Version, manifest_key, model_key
from drills.traffic.target import Checksums, ModelStore


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """What was published when every bucket was emptied, at `t` (seconds since the epoch).

    `sums` has the CRC32C of each object of a version by its key; `copied` are the versions of which the copy
    had the same, and `rpo_s` is how old the newest of them may be.
    """

    t: float
    sums: Mapping[str, Mapping[str, str]]
    copied: frozenset[str]
    rpo_s: float


def sums_of(store: Checksums, ledger: Sequence[Version]) -> dict[str, dict[str, str]]:
    """The CRC32C of every object of the acknowledged versions, by version and key. Raises StoreError."""
    found: dict[str, dict[str, str]] = {}
    for entry in ledger:
        keys = (model_key(entry.version), manifest_key(entry.version))
        found[entry.version] = {key: store.checksum(key) or "" for key in keys}
    return found


def same(store: Checksums, sums: Mapping[str, str]) -> bool:
    """Whether a store has all of these objects, to the byte."""
    return all(bool(expected) and store.checksum(key) == expected for key, expected in sums.items())


class Returns:
    """Looks into the buckets whenever `look` is called; a version is back from the look that finds it so."""

    def __init__(
        self, stores: Mapping[str, ModelStore], emptied: Emptied, clock: Callable[[], float]
    ) -> None:
        self._stores = stores
        self._clock = clock
        self.emptied = emptied
        self.back: dict[str, dict[str, float]] = {region: {} for region in stores}

    @property
    def whole(self) -> bool:
        """Whether every bucket has all that the copy had."""
        return all(self.emptied.copied <= known.keys() for known in self.back.values())

    def look(self, unreachable: Collection[str] = ()) -> None:
        """Look into every bucket that can be reached, for what is not back yet."""
        for region in self._stores.keys() - set(unreachable):
            store, known = self._stores[region], self.back[region]
            with suppress(StoreError):
                for version, sums in self.emptied.sums.items():
                    if version not in known and same(store, sums):
                        known[version] = self._clock()
