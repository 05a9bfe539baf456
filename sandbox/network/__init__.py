"""The network of a sandbox: a namespace for each region, and one for the world outside of them."""
