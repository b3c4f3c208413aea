"""Training on a fabric: a job's groups, what they send, and one step of it. Writes nothing."""
