"""From a person's answers to a Network: which questions there are, what is proposed, what is wrong with an answer.

Pure: no screen, no cluster. The Textual wizard, `bevel-tui setup --plain` and presets share these declarations, which
come from the Network's own models.
"""
