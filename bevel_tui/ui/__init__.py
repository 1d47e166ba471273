"""The screens: a Textual application over `api`, events and `views`. It asks no cluster anything itself."""
