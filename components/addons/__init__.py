"""What a cluster needs before the service can run on it: namespaces, and charts with pinned versions."""
