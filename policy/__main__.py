"""The policy pack's front door: `pulumi preview --policy-pack policy`."""

from __future__ import annotations

from promises.pack import serve

serve()
