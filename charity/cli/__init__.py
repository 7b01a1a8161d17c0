"""The `charity` command."""
