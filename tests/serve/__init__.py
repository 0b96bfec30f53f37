"""`kolben serve` under load: real processes, real sockets, on the loopback."""
