"""Routes as they stand in a cluster, compared with what the plan expects: the objects between a gateway and a ledger."""
