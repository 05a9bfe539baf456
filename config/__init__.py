"""The configuration of the platform and of its regions."""
