"""Pages: guards, forms, errors, filters, and one folder for each audience."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel


def init_app(app: Flask, babel: Babel) -> None:
    """Register pages, filters, errors and guards."""
    from charity.config import RunMode
    from charity.extensions import csrf
    from charity.kernel.access import Access, mark
    from charity.web import errors, filters, headers, locale, nav, session, signed, uploads
    from charity.web.account import bp as account
    from charity.web.auditdesk import bp as auditdesk
    from charity.web.desk import bp as desk
    from charity.web.funddesk import bp as funddesk
    from charity.web.site import bp as site
    from charity.web.unitdesk import bp as unitdesk

    session.init_app(app)
    signed.init_app(app)
    locale.init_app(app, babel)
    headers.init_app(app)
    uploads.init_app(app)
    errors.init_app(app)
    filters.init_app(app)
    mark(app.view_functions["static"], Access.PUBLIC)
    nav.init_app(app)
    for blueprint in (site, account, desk, unitdesk, funddesk, auditdesk):
        app.register_blueprint(blueprint)
    if app.extensions["charity.settings"].mode is RunMode.DEMO:
        from charity.web.account.demo import bp as demo

        app.register_blueprint(demo)
    if "sandbox" in app.extensions["charity.settings"].payment_providers:
        from charity.web.sandbox import bp as sandbox

        # Scripts post here with the one field of the contract; it moves test money only.
        csrf.exempt(sandbox)
        app.register_blueprint(sandbox)
