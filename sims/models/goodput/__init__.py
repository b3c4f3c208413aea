"""Weeks of a job that fails, saves its state and starts again: rates, closed forms and the run of it."""
