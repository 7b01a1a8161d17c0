"""Random tokens, of which only a hash is kept: who reads the database signs in as nobody."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32
LONGEST = 80


def new_token() -> str:
    """A fresh token, 256 random bits, safe in an address and in a cookie."""
    return secrets.token_urlsafe(_BYTES)


def token_hash(token: str) -> str:
    """What is kept of a token: 64 hex characters. A token is random, so no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
