"""Faults during a run: outages from a schedule or from wear, detours, all-reduces that live through them."""
