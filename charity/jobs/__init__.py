"""The one list of what runs when, and the worker that runs it."""
