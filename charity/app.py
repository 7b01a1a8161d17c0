"""``create_app``: settings, extensions, blueprints; no logic."""

from __future__ import annotations

import importlib
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

import charity
from charity.config import RunMode, Settings, bundle_dir, load
from charity.extensions import babel, csrf, db
from charity.kernel.crypto import load_keys
from charity.kernel.db import configure_engine
from charity.ledger import guards, guards_sqlite


def import_models() -> None:
    """Import every domain's ``models`` so that the metadata is whole."""
    home = Path(charity.__path__[0])
    tables = {*home.rglob("*models.py"), *home.glob("kernel/[!_]*.py")} - {home / "kernel/pdf.py"}
    for file in sorted(tables):
        path = file.relative_to(home).with_suffix("")
        importlib.import_module(".".join(("charity", *path.parts)))


def create_app(settings: Settings | None = None) -> Flask:
    """The application of ``settings`` (from the environment unless given)."""
    settings = settings or load()
    bundle = bundle_dir()
    app = Flask(
        "charity",
        root_path=charity.__path__[0],
        template_folder=str(bundle / "templates"),
        static_folder=str(bundle / "static"),
        instance_path=str(settings.data_dir.resolve()),
    )
    secure = settings.base_url.startswith("https://")
    app.config.from_mapping(
        SECRET_KEY=settings.flask_secret(),
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database),
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        TEMPLATES_AUTO_RELOAD=settings.mode is RunMode.DEVELOPMENT,
    )
    app.extensions["charity.settings"] = settings
    app.extensions["charity.keys"] = load_keys(settings.data_dir / "keys", create=True)
    import_models()
    _bind_database(app)
    csrf.init_app(app)
    from charity import api, web
    from charity.approvals import dated
    from charity.parameters import queries as parameters

    dated.read_with(parameters.value)
    web.init_app(app, babel)
    api.init_app(app)
    if settings.proxies:
        # Outermost, so that limits and metrics see the visitor's address and not the proxy's.
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign] # Flask's own way
    return app


def _engine_options(url: str) -> dict[str, object]:
    if make_url(url).drivername == "sqlite":
        # Connections are cheap to open and must not be shared after a fork.
        return {"pool_size": 10, "max_overflow": 20, "hide_parameters": True}
    return {
        # What visitors typed does not get into error messages and so not into logs.
        "hide_parameters": True,
        "pool_size": 10,
        "max_overflow": 10,
        "connect_args": {"options": "-c default_transaction_isolation=read\\ committed"},
    }


def _bind_database(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        configure_engine(db.engine, guards_sqlite.authorizer(guards.append_only_tables()))
