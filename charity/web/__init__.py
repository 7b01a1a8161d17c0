"""Pages: guards, forms, errors, filters, and one folder for each audience."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel


def init_app(app: Flask, babel: Babel) -> None:
    """Register pages, filters, errors and guards."""
    from charity.extensions import csrf
    from charity.kernel.access import Access, mark
    from charity.web import errors, filters, headers, locale, nav, session
    from charity.web.site import bp as site

    session.init_app(app)
    locale.init_app(app, babel)
    headers.init_app(app)
    errors.init_app(app)
    filters.init_app(app)
    mark(app.view_functions["static"], Access.PUBLIC)
    nav.init_app(app)
    app.register_blueprint(site)
    if "sandbox" in app.extensions["charity.settings"].payment_providers:
        from charity.web.sandbox import bp as sandbox

        # Scripts post here with the one field of the contract; it moves test money only.
        csrf.exempt(sandbox)
        app.register_blueprint(sandbox)
