"""What an operator expects of an app: health, metrics, logs, limits."""
