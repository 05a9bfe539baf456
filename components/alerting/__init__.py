"""What a region watches, and whom it tells."""
