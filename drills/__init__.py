"""Drills: break one thing on purpose, watch what the program deployed make of it, and measure."""
