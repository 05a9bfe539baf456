"""Development only: both regions on one Linux machine, on real engines and real API servers."""
