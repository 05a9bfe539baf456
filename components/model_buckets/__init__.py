"""Storage of models and backups, replicated to the regions that take over."""
