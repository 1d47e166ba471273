"""Names: whether DNS leads to a gateway, and where in DNS it is broken if it does not."""
