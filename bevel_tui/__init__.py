"""bevel-tui: Hyperledger Bevel networks over Kubernetes clusters: deploy, reach, explain."""

__version__ = "0.1.0"
