"""The look from inside a cluster: what its pods can resolve and reach of every cluster's gateway."""
