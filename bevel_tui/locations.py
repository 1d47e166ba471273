"""Where bevel-tui keeps files of its own, in one place: `bevel-tui paths` prints these, `$XDG_*` move them.

Nothing here is needed to go on with a network: its state is in its clusters.
"""

from __future__ import annotations

from pathlib import Path

_APP = "bevel-tui"


def settings_file() -> Path:
    """What a person chose once: ``$XDG_CONFIG_HOME/bevel-tui/config.yaml``."""
    from platformdirs import user_config_path  # 15 ms

    return user_config_path(_APP) / "config.yaml"


def state() -> Path:
    """What runs leave behind: ``$XDG_STATE_HOME/bevel-tui``."""
    from platformdirs import user_state_path

    return user_state_path(_APP)


def runs() -> Path:
    """A folder per run, with its events and its report."""
    return state() / "runs"


def sandboxes() -> Path:
    """A folder per sandbox, as long as it runs."""
    return state() / "sandbox"


def cache() -> Path:
    """What can be fetched again: ``$XDG_CACHE_HOME/bevel-tui``."""
    from platformdirs import user_cache_path

    return user_cache_path(_APP)


def charts() -> Path:
    """Chart archives by the digest of their content."""
    return cache() / "charts"
