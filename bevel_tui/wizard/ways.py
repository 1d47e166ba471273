"""The ways into the wizard: what they are called and what they lead to, on a screen and line by line."""

from __future__ import annotations

#: by name: title, and a sentence
WAYS: dict[str, tuple[str, str]] = {
    "new": ("New network", "From your clusters to a network that can be reached, step by step."),
    "sandbox": (
        "Try the sandbox",
        "Two simulated clusters on this machine: the whole way without a cluster. No container runs.",
    ),
    "open": ("Open a preset", "A file, or one of the presets that come with bevel-tui."),
    "import": ("Import network.yaml", "Take over what you wrote for Bevel's Ansible playbooks."),
    "dashboard": ("Dashboard", "Look at a network that runs, and at what is wrong with it."),
}
