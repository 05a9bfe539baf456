"""Drills that are measured where it counts: at a client that calls all the time."""
