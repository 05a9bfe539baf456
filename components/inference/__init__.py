"""The inference service of one region."""
