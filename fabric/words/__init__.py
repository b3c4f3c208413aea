"""The words of every edge: errors, and texts of quantities."""
