"""Ten minutes of mixed traffic, some of it hostile."""
