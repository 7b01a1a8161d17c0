"""What a web server loads: ``charity.wsgi:app``."""

from __future__ import annotations

from charity.app import create_app

app = create_app()
