"""The floor of event intake: a bare Flask route that does one INSERT and commits.

Served by the same server, with as many requests at work at once as the site lets in; the driver
and the flush are the site's too. ``python -m benchmarks.bare PORT DATABASE`` serves it; the
database is a SQLite file or PostgreSQL's connection words.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from typing import Any

import psycopg
from flask import Flask, request
from granian import Granian
from granian.constants import Interfaces

from charity.cli.serve import BACKLOG
from charity.web.turns import WORKING


def create(database: str) -> Flask:
    """The application; each thread keeps its connection."""
    app = Flask("bare")
    own = threading.local()

    def connection() -> Any:
        if not hasattr(own, "conn"):
            if "host=" in database:
                own.conn = psycopg.connect(database)
            else:
                own.conn = sqlite3.connect(database, timeout=10)
                own.conn.execute("PRAGMA journal_mode=WAL")
                own.conn.execute("PRAGMA synchronous=FULL")
        return own.conn

    mark = "%s" if "host=" in database else "?"
    statement = f"INSERT INTO bare (body) VALUES ({mark})"

    @app.post("/")
    def take() -> str:
        conn = connection()
        conn.execute(statement, (request.get_data(),))
        conn.commit()
        return "ok"

    @app.get("/")
    def ready() -> str:
        return "ok"

    return app


def table(database: str) -> None:
    """The one table."""
    if "host=" in database:
        with psycopg.connect(database) as conn:
            conn.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, body bytea)")
    else:
        with sqlite3.connect(database) as lite:
            lite.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB)")


app = create(sys.argv[2]) if len(sys.argv) > 2 else None

if __name__ == "__main__":
    Granian(
        "benchmarks.bare:app",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=WORKING,
        backlog=BACKLOG,
        log_access=False,
    ).serve()
