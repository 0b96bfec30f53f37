"""Flask's import paths for what registers and does not serve."""
