"""Settings: their texts, spellings, and what a run is set up from."""
