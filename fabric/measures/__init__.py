"""What can be said of a fabric at rest: counts, hops, cabling, parts, findings."""
