"""What every page knows: whose site this is, who reads it in which language, test or real money.

Rule: an error page is drawn even when the database is away, so it asks the database for nothing;
and it reads the same to everyone, so that what is not yours is not told from what is not there.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_babel import gettext as _

from charity.config import RunMode
from charity.funds import queries as funds
from charity.funds.queries import CharityView
from charity.ledger import queries as ledger
from charity.ledger.kinds import Mode
from charity.web import session, signed
from charity.web.desk import menu
from charity.web.locale import language

_KEPT = "charity.site"


def init_app(app: Flask) -> None:
    """Give the names to every template."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    failed = "failed" in g
    who = None if failed else signed.maybe()
    return {
        "site": _kept("site", funds.charity, failed) or _unnamed(),
        "is_test": (_kept("mode", ledger.mode, failed) or _expected_mode()) != Mode.REAL,
        "locale": language(),
        "basket_count": len(session.basket()),
        "signed": who,
        "desk_menu": lambda: menu.shown(who) if who else [],
        # The address may hold a key, and an unknown one must not be told from a wrong one.
        "other_lang_url": _home_in_other_language() if failed else _other_language(),
    }


def _kept(name: str, ask: Any, failed: bool) -> Any:
    """What ``ask`` answers; on an error page what it answered last."""
    kept = current_app.extensions.setdefault(_KEPT, {})
    if not failed:
        kept[name] = ask()
    return kept.get(name)


def _expected_mode() -> Mode:
    """Before the database was ever asked: production starts on a real one only."""
    settings = current_app.extensions["charity.settings"]
    return Mode.REAL if settings.mode is RunMode.PRODUCTION else Mode.TEST


def _unnamed() -> CharityView:
    """Before the charity's details were stated."""
    name = _("机构名称尚未填写")
    return CharityView(
        name=name,
        name_en=name if language() == "en" else "",
        uscc="",
        certificate="",
        address="",
        phone="",
        email="",
        icp="",
        handler="",
    )


def _other() -> str:
    return "zh" if language() == "en" else "en"


def _home_in_other_language() -> str:
    return url_for("site.home", lang=_other())


def _other_language() -> str:
    if request.endpoint is None or request.method not in {"GET", "HEAD"}:
        return _home_in_other_language()
    arguments = {**request.args.to_dict(), **(request.view_args or {}), "lang": _other()}
    # Names of url_for's own parameters cannot be given as arguments of the address.
    clean = {name: value for name, value in arguments.items() if not name.startswith("_")}
    return url_for(request.endpoint, **clean)
