"""Signing in, and what is a person's own."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("account", __name__)

# Views register themselves.
from charity.web.account import factors, home, login, passkeys, tokens  # noqa: E402, F401
