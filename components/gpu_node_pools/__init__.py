"""GPU nodes, one group for each pool and zone."""
