"""What has to be done, in which order: the steps of platforms and gateways joined into one graph. Pure."""
