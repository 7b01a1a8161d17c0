"""What the API says of itself: its description for programs, and the same for people."""

from __future__ import annotations

import json
from functools import cache

from flask import Blueprint, Flask, Response, current_app, render_template

from charity.api import openapi
from charity.api.guards import public

bp = Blueprint("about", __name__)


@cache
def _text(app: Flask) -> str:
    """Made once: the views do not change while the process lives."""
    return json.dumps(openapi.document(app), ensure_ascii=False)


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return] # noqa: SLF001 - Flask's own way to the application behind the proxy


@bp.get("/openapi.json")
@public
def description() -> Response:
    """OpenAPI 3.1."""
    return Response(_text(_app()), mimetype="application/json")


@bp.get("/api/v1/docs")
@public
def docs() -> str:
    """The same for people."""
    document = json.loads(_text(_app()))
    return render_template("site/api_docs.html", document=document)
