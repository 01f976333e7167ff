"""Training runs that take longer than a cell may, and what they gave: `runs` (notebook 04, 07), `record` (08)."""
