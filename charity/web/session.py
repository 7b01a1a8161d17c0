"""What a visitor's signed cookie remembers: the basket, and the payments made from this browser.

Rule: a cookie may be old, doubled or from an earlier version; whatever does not read as expected
is treated as empty. It holds no name and no contact.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from charity.kernel.ids import public_id
from charity.web.address import for_machines

BASKET_LIMIT = 20
_REMEMBERED = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One gift waiting in the basket; ``unit`` is None for the fund office."""

    campaign: str
    unit: str | None
    amount_fen: int
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A payment made from this browser, by the form it came from."""

    form_id: str
    payment_id: str
    secret: str


class _PagesOnly(SecureCookieSessionInterface):
    """Machines have no session: no cookie of theirs is read and none is set."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if for_machines(request.path) else super().open_session(app, request)


def init_app(app: Flask) -> None:
    """Keep sessions for pages."""
    app.session_interface = _PagesOnly()


def device() -> str:
    """A random name for this browser, made when it first gives; of use for nothing but limits."""
    if not isinstance(session.get("device"), str):
        session["device"] = public_id()
    return str(session["device"])


def basket() -> list[Line]:
    """The lines in the basket, oldest first."""
    found = []
    for row in _rows("basket"):
        match row:
            case [str(campaign), str() | None as unit, int(amount_fen)]:
                found.append(Line(campaign, unit, amount_fen))
            case [str(campaign), str() | None as unit, int(amount_fen), str(team)]:
                found.append(Line(campaign, unit, amount_fen, team))
    return found[:BASKET_LIMIT]


def put_in_basket(line: Line) -> bool:
    """Add a line; False when the basket is full."""
    lines = basket()
    if len(lines) >= BASKET_LIMIT:
        return False
    keep_basket([*lines, line])
    return True


def take_from_basket(index: int) -> None:
    """Remove the line at ``index``; nothing happens when there is none."""
    keep_basket([line for i, line in enumerate(basket()) if i != index])


def empty_basket() -> None:
    """Remove every line."""
    session.pop("basket", None)


def keep_basket(lines: list[Line]) -> None:
    """Make these the lines of the basket."""
    session["basket"] = [
        [line.campaign, line.unit, line.amount_fen, *([line.team] if line.team else [])]
        for line in lines
    ]


def placed() -> list[Placed]:
    """The last payments made from this browser, newest last."""
    found = []
    for row in _rows("placed"):
        match row:
            case [str(form_id), str(payment_id), str(secret)]:
                found.append(Placed(form_id, payment_id, secret))
    return found


def remember(form_id: str, payment_id: str, secret: str) -> None:
    """Keep the payment so that the same form, sent again, finds it."""
    others = [one for one in placed() if one.payment_id != payment_id]
    kept = [*others, Placed(form_id, payment_id, secret)][-_REMEMBERED:]
    session["placed"] = [[one.form_id, one.payment_id, one.secret] for one in kept]


def placed_by_form(form_id: str) -> Placed | None:
    """The payment that came of this form in this browser."""
    return next((one for one in placed() if one.form_id == form_id), None)


def _rows(name: str) -> list[object]:
    value = session.get(name)
    return value if isinstance(value, list) else []
