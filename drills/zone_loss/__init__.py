"""The drill `zone-loss`: every node of one zone stops answering."""
