"""The bare extension objects; ``app.create_app`` binds them."""

from __future__ import annotations

from flask_babel import Babel
from flask_wtf import CSRFProtect

from charity.kernel.db import db

babel = Babel()
csrf = CSRFProtect()

__all__ = ["babel", "csrf", "db"]
