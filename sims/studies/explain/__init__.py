"""Why a run takes so long, and what would help."""
