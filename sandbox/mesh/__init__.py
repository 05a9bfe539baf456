"""The mesh of a sandbox: real istiod and Envoy in each region, behind stand-ins for its load balancers."""
