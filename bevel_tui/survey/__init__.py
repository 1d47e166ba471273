"""What is there before we act: who we are in a cluster, and what we may do."""
