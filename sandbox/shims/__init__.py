"""The small executables that the engine finds on PATH inside a sandbox."""
