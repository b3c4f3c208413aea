"""Several jobs and background traffic on one fabric at once: who sits where, and who slows whom."""
