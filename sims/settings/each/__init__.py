"""A file for each setting, or for a few that belong together: whatever is a Setting here is one."""
