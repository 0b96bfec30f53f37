"""The files of `deploy/`, run with the real programs on the loopback."""
