"""Payment providers: each is one module that makes sessions and reads its own events."""
