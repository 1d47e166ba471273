"""What a run looks like, and in which words: shared by the screens and the headless views, which do not know each other."""
