"""One region's Kubernetes cluster, its add-ons and the nodes on which they run."""
