"""The way back from Google Cloud Storage: its script against both stores, and what runs it."""
