"""Donors' messages wait here to be looked at before anyone reads them in public."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from charity.donations import word_queries, words
from charity.kernel.atomic import atomically
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web import signed
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.guards import staff

READERS = (Role.FUND_MANAGER, Role.DISCLOSER)


def waiting(who: Signed) -> list[Waiting]:
    """One line for all messages that wait."""
    found = word_queries.waiting(1) if who.holds(READERS) else []
    if not found:
        return []
    title = _("捐赠留言等待查看")
    return [Waiting(title, url_for("funddesk.words_waiting"), found[0].given_at, _("捐赠留言"))]


@bp.get("/words")
@staff(*READERS)
def words_waiting() -> str:
    """Messages nobody looked at yet, the oldest first."""
    return render_template("funddesk/words.html", words=word_queries.waiting())


@bp.post("/words/<gift_id>")
@staff(*READERS, second_factor=True)
def words_decide(gift_id: str) -> Response:
    """Show a message on its unit's page, or not."""
    refuse_doubled_fields()
    wish = request.form.get("do")
    if wish not in {"show", "hide"}:
        raise BadRequest
    atomically(words.decide)(gift_id, show=wish == "show", by=signed.current())
    flash(_("这条留言会显示在单位页面。") if wish == "show" else _("这条留言不会公开。"))
    return redirect(url_for("funddesk.words_waiting"), 303)


ITEMS.append(Item("funddesk.words_waiting", _l("捐赠留言"), READERS))
SOURCES.append(waiting)
