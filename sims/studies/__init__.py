"""Many jobs: sweeps, explanations, validation, calibration, comparison, the bill."""
