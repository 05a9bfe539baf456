"""How clients find a region that can serve them."""
