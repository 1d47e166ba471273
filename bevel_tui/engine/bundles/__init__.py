"""Bundles: what crosses between operators who share no kubeconfig (docs/handoff.md)."""
