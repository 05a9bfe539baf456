"""What a region reads of its peers, and what it lets them read."""
