"""Applications for the tests, made once and given a fresh database again and again.

Registering some 240 routes, compiling templates and compiling SQL is most of what a small test
would spend its time on, and is the same every time. What a test sees is new each time: database,
data folder, keys, settings, engine (and with it all that is kept for an engine). An application
that a test has changed is not used again.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine, make_url

from charity.app import create_app
from charity.config import Settings
from charity.kernel.crypto import load_keys
from charity.kernel.db import configure_engine, db
from charity.ledger import guards, guards_sqlite

#: What differs from test to test; two applications whose settings differ otherwise are two.
_OWN = {"data_dir", "database_url", "database_owner_url"}
_idle: dict[str, list[_Made]] = {}


#: Templates made into code, for every application of this process and of those forked from it.
_compiled = tempfile.TemporaryDirectory(prefix="templates-")
Flask.jinja_options = {
    **Flask.jinja_options,
    "bytecode_cache": FileSystemBytecodeCache(_compiled.name),
}


class _Made:
    """An application as it was made, so that it can be told whether a test has changed it."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self.extensions = dict(self.app.extensions)
        with self.app.app_context():
            self.engine = db.engine
        # Later engines share its dialect, which learns what the server is by connecting first.
        self.engine.connect().close()
        self.state = self._state()

    def _state(self) -> list[Any]:
        app = self.app
        config = {key: app.config[key] for key in app.config if key != "SQLALCHEMY_DATABASE_URI"}
        hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
        return [
            config,
            dict(app.view_functions),
            sorted(map(str, app.url_map.iter_rules())),
            *({name: list(them) for name, them in each.items()} for each in hooks),
            {name: {code: dict(by) for code, by in each.items()}
             for name, each in app.error_handler_spec.items()},
            sorted(app.jinja_env.globals),
            app.wsgi_app,
        ]  # fmt: skip

    def renew(self, settings: Settings) -> None:
        """On another database and folder, with nothing kept but what never differs."""
        app = self.app
        app.extensions.clear()
        app.extensions.update(self.extensions)
        app.extensions["charity.settings"] = settings
        app.extensions["charity.keys"] = load_keys(settings.data_dir / "keys", create=True)
        metrics = self.extensions["charity.metrics"]
        app.extensions["charity.metrics"] = type(metrics)()
        app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
        app.instance_path = str(settings.data_dir.resolve())
        app._got_first_request = False
        fresh = create_engine(settings.database, **app.config["SQLALCHEMY_ENGINE_OPTIONS"])
        # Statements are compiled for a dialect: the same one finds them again.
        engine = Engine(fresh.pool, self.engine.dialect, fresh.url, hide_parameters=True)
        engine._compiled_cache = self.engine._compiled_cache
        configure_engine(engine, guards_sqlite.authorizer(guards.append_only_tables()))
        db._app_engines[app] = {None: engine}

    @property
    def unchanged(self) -> bool:
        """No test has left anything behind."""
        return self._state() == self.state


@contextlib.contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """An application of these settings, without an application context.

    One in whose use something was raised is not used again.
    """
    dialect = make_url(settings.database).get_backend_name()
    idle = _idle.setdefault(dialect + settings.model_dump_json(exclude=_OWN), [])
    if idle:
        made = idle.pop()
        made.renew(settings)
    else:
        made = _Made(settings)
    app = made.app
    testing, app.config["TESTING"] = app.config["TESTING"], True
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    app.config["TESTING"] = testing
    if made.unchanged:
        idle.append(made)
