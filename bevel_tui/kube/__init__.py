"""Clusters as we reach them: kubeconfig contexts, one client per context, watches. Nothing here decides anything."""
