"""JSON for machines: version 1, and the machine addresses."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the API and the machine addresses."""
