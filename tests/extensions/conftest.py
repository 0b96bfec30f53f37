"""What lies here is for the environments of the extensions; see ``__main__.py``."""

collect_ignore_glob = ["acceptance/*", "plugins/*"]
