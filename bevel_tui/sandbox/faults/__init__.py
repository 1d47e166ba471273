"""Things that go wrong in simulated clusters on demand, by name: for rehearsing diagnosis, and for its tests."""
