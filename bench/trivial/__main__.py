"""Registers COUNT resources that are nothing but registered."""

from __future__ import annotations

import os

import pulumi


class Nothing(pulumi.ComponentResource):
    """A resource without a provider."""

    def __init__(self, name: str) -> None:
        super().__init__("trivial:index:Nothing", name)
        self.register_outputs({})


for number in range(int(os.environ["COUNT"])):
    Nothing(f"nothing-{number}")
