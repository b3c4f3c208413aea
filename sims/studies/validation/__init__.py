"""The ladder of fidelity: closed forms, fluid and packet model held against each other and against others."""
