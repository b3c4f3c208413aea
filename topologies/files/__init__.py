"""Graph files: readers and writers."""
