"""Pages: guards, forms, errors, filters, and one folder for each audience."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel


def init_app(app: Flask, babel: Babel) -> None:
    """Register pages, filters, errors and guards."""
    babel.init_app(app)
