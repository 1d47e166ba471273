"""Troubleshooting over all clusters of a network: what is wrong, where, why, what to do."""
