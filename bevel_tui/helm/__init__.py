"""Helm: where charts come from, private prepared copies of them, and two drivers behind one interface."""
