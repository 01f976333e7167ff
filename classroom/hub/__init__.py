"""JupyterHub for a class on one server: one address, an account for each student, and no installations."""
