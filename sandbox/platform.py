"""What a sandbox's own copies of the stack files say."""

from __future__ import annotations

from config.files import read_folder
from config.platform import Platform
from sandbox.errors import SandboxError
from sandbox.state import SandboxState


def platform_of(state: SandboxState) -> Platform:
    """The platform that the sandbox was brought up for. SandboxError when the files cannot be read."""
    reading = read_folder(state.workspace or state.checkout)
    platform = reading.platform or reading.shape
    if platform is None:
        problem = reading.problems[0] if reading.problems else "no reason given"
        raise SandboxError(f"the stack files cannot be read: {problem}", where=str(state.checkout))
    return platform
