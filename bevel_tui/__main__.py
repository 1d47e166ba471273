"""``python -m bevel_tui``: the same as the console script."""

from bevel_tui.cli import main

main()
