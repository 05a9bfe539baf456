"""How a region takes over a lost peer's load by itself, and gives it back."""
