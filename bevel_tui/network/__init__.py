"""What is wanted: the Network, how it is read and saved, and the rules that it must keep. Pure but for reading files."""
