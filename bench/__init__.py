"""Measures what docs/benchmarks.md tells, on the machine where it runs."""
