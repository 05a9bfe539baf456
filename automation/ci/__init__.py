"""What a pipeline asks of the platform: one verdict over all regions, and a rollout that can fail over."""
