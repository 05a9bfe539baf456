"""One region's part of the mesh: its certificate authority, its gateways, and how it fails over to a peer."""
