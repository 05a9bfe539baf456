"""The promise, added up before anything is created: recovery, loss, headroom and quotas. Pure."""
