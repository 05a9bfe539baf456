"""What a drill has stopped: a JSON file {"paused": [regions], "down": [regions]}."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.replication.rules import Rule

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stopped:
    """AWS locations: `paused`, where replication from and to rests as by the action
    aws:s3:bucket-pause-replication of AWS FIS, and `down`, where nothing answers.
    """

    paused: frozenset[str] = frozenset()
    down: frozenset[str] = frozenset()

    def stops(self, rule: Rule) -> bool:
        """Whether a rule replicates nothing now."""
        return bool(rule.locations & (self.paused | self.down))


class Control:
    """Reads the file; `locations` maps the platform's regions to AWS's. No file stops nothing."""

    def __init__(self, path: Path, locations: Mapping[str, str]) -> None:
        self._path, self._locations = path, locations
        self._last = Stopped()

    def read(self) -> Stopped:
        """What is stopped now; a file that cannot be read changes nothing, and is told in the log."""
        try:
            said = json.loads(self._path.read_bytes())
            self._last = Stopped(
                paused=frozenset(self._locations[name] for name in said.get("paused", ())),
                down=frozenset(self._locations[name] for name in said.get("down", ())),
            )
        except FileNotFoundError:
            self._last = Stopped()
        except (OSError, ValueError, KeyError, AttributeError) as error:
            _log.error("%s is not understood: %s", self._path, error)
        return self._last
