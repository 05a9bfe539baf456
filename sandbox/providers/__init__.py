"""Resource providers of the sandbox, attached to the real engine with PULUMI_DEBUG_PROVIDERS."""
