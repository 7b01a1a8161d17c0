"""The reader's language: ``?lang=``, else the cookie, else what the browser asks for, else Chinese.

Outside the process the languages are called ``zh`` and ``en``.
"""

from __future__ import annotations

from typing import Protocol

from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import Babel

LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
COOKIE = "lang"
_YEAR_S = 365 * 24 * 3600


def init_app(app: Flask, babel: Babel) -> None:
    """Choose the language of every request and remember an explicit choice."""
    babel.init_app(app, locale_selector=_select)
    app.after_request(_remember)


def language() -> str:
    """``zh`` or ``en`` for this request; ``zh`` outside of one."""
    if not has_request_context():
        return "zh"
    if "language" not in g:
        g.language = _chosen()
    return str(g.language)


class Named(Protocol):
    """What has a name in Chinese and perhaps one in English."""

    @property
    def name(self) -> str: ...

    @property
    def name_en(self) -> str: ...


def called(thing: Named) -> str:
    """The English name for readers of English where there is one, else the name."""
    return thing.name_en if language() == "en" and thing.name_en else thing.name


def _chosen() -> str:
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    # Browsers say zh-CN, zh-Hans or zh-TW; each means our Chinese.
    for tag, _quality in request.accept_languages:
        primary = tag.partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return "zh"


def _select() -> str:
    return LANGUAGES[language()]


def _remember(response: Response) -> Response:
    wish = request.args.get("lang")
    if wish in LANGUAGES and wish != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE,
            str(wish),
            max_age=_YEAR_S,
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
    response.headers.add("Vary", "Accept-Language, Cookie")
    return response
