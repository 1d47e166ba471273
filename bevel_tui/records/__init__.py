"""Shared types without logic: what the layers hand to one another."""
