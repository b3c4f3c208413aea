"""The graph of a fabric: its schema, compiled to arrays, contracted."""
