"""Carrying a plan out: the only place that changes clusters. It emits events and never prints."""
