"""Providers that are a table: one entry for each resource type, interpreted by `provider.TableProvider`."""
