"""Bevel's own network.yaml, both ways: the file that its playbooks read, as a Network and back.

`importing.read` and `exporting.write` are the two doors; a module per platform knows what its part of the file says.
Facts about the format come from Bevel's `platforms/network-schema.json`, its playbooks and facts D. Pure: text in,
Network and notes out.
"""
