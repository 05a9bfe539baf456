"""A drill's result as one HTML page that needs nothing else."""

from drills.report.page import page, write

__all__ = ["page", "write"]
