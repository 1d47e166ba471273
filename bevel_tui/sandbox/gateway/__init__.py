"""Gateways of the simulated clusters: listeners on loopback that know nothing but the routes in the cluster's API."""
