"""One region's VPC: a public and a private subnet in each zone, each zone with its own way out."""
