"""What one should see on a fabric: the curve, how far off healthy machines are, and whether a log passes."""
