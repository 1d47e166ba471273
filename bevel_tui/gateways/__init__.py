"""One module per gateway: which releases stand at a cluster's edge, and what opens it to the network."""
