"""What waits for me, and the way to each desk."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("desk", __name__, url_prefix="/desk")

# Views register themselves.
from charity.web.desk import home  # noqa: E402, F401
