"""Names, tags, labels and small parts that every component uses."""
