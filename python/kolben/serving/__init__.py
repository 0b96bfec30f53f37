"""What ``kolben serve`` is made of: settings, a supervisor, and workers that run Granian."""
