"""Training runs that take longer than a cell: `runs` (notebooks 04, 07), `record` (08); `jobs` does many of them."""
