"""The sandbox's `gcp` provider: buckets live on fake-gcs-server, the rest is checked and kept."""
