"""Taking snapshots: what clusters hold, kept current by one list-and-watch per kind and cluster. Nothing is changed."""
