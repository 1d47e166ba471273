"""The report of a run: what was done, how long it took, what can be reached, what is wrong. For people and programs.

Everything follows from the run's events: `facts.of(view)` is the report as JSON, `markdown.render` and `page.render` show it,
`files` keeps the three beside the run's journal.
"""
