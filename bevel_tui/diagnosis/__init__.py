"""Rules from observed objects to findings: pure, one function per rule."""
