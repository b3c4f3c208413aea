"""Who sends what: schedules, collectives, traffic, placement."""
