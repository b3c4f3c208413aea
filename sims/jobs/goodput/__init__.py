"""A job over weeks: what threatens it on its fabric, and what becomes of it."""
