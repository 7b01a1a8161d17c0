"""JSON for machines, version 1. The names here are a promise; they are added to, never changed.

Rule: the same figures by the same queries as the pages. Bodies are read strictly; what is refused
changes nothing and is answered as problem JSON.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from flask import Blueprint, Response, current_app, request

from charity.api import answers, bodies, shapes
from charity.api.described import Parameter, describe, said
from charity.api.errors import KeyMissing, ParameterUnfit, ReceiptNotReady
from charity.api.guards import payment_key, public
from charity.api.reading import json_body
from charity.donations import queries as donations
from charity.donations import services as giving
from charity.donations.services import Origin
from charity.figures import list_queries, trace_queries
from charity.figures import queries as figures
from charity.figures.kinds import RowKind
from charity.funds import queries as funds
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound
from charity.ledger import queries as ledger
from charity.ledger.queries import Figures
from charity.receipts import queries as receipts
from charity.receipts import services as receipt_services

LIMIT = 200
_KEY = re.compile(r"[\x21-\x7e]{1,200}")

_CURSOR = Parameter("cursor", "`next_cursor` of the page before.")
_LIMIT = Parameter(
    "limit", "Rows a page.", schema={"type": "integer", "minimum": 1, "maximum": LIMIT}
)
_CAMPAIGN = Parameter("campaign", "Only of the campaign with this slug.")
_UNIT = Parameter("unit", "Only of the raising unit with this code.")
_KIND = Parameter("kind", "Only rows of this kind.", schema={"type": "string", "enum": [*RowKind]})
_IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "Yours, for ever: the same key and body give the same answer, another body a 409.",
    "header",
    required=True,
    schema={"type": "string", "pattern": "^[!-~]{1,200}$"},
)
_SOLUTION = Parameter(
    "Challenge-Solution", "The solution of a refusal's `challenge` (ALTCHA, version 1).", "header"
)
_PAYMENT_KEY = Parameter("key", "The payment's secret.", required=True)
_NUMBER = Parameter("number", "The receipt's number.", required=True)
_CODE = Parameter("code", "The receipt's verification code.", required=True)

bp = Blueprint("api", __name__, url_prefix="/api/v1")


@bp.get("/totals")
@public
@describe(answers.Totals)
def totals() -> Response:
    """Everything raised and used, as of entry n."""
    return said(shapes.totals(figures.totals()))


@bp.get("/campaigns")
@public
@describe(answers.Campaigns)
def campaigns() -> Response:
    """Every public campaign with its figures."""
    as_of_entry, by_slug = ledger.head(), figures.campaign_figures()
    items = [
        shapes.campaign(view, by_slug.get(view.slug, Figures()), as_of_entry)
        for view in funds.campaigns()
    ]
    return said(answers.Campaigns(items=items))


@bp.get("/campaigns/<slug>")
@public
@describe(answers.Campaign, refusals=(400, 404))
def campaign(slug: str) -> Response:
    """One campaign with its figures."""
    view = funds.campaign(slug)
    own = figures.campaign_figures().get(slug, Figures())
    return said(shapes.campaign(view, own, ledger.head()))


@bp.get("/campaigns/<slug>/units")
@public
@describe(answers.Units, parameters=(_CURSOR, _LIMIT), refusals=(400, 404, 422))
def units(slug: str) -> Response:
    """The campaign's raising units in area order, by pages."""
    view = funds.campaign(slug)
    page = figures.unit_rows(slug, None, request.args.get("cursor"), _limit())
    return said(
        answers.Units(
            as_of_entry=page.as_of_entry,
            currency=view.currency,
            items=[shapes.unit(row) for row in page.items],
            next_cursor=page.next_cursor,
        )
    )


@bp.get("/units")
@public
@describe(answers.Units, parameters=(_CURSOR, _LIMIT), refusals=(400, 422))
def all_units() -> Response:
    """Every raising unit over all its campaigns, in area order, by pages."""
    page = figures.unit_rows(None, None, request.args.get("cursor"), _limit())
    return said(
        answers.Units(
            as_of_entry=page.as_of_entry,
            currency="CNY",
            items=[shapes.unit(row) for row in page.items],
            next_cursor=page.next_cursor,
        )
    )


@bp.get("/ledger")
@public
@describe(
    answers.LedgerRows,
    parameters=(_CAMPAIGN, _UNIT, _KIND, _CURSOR, _LIMIT),
    refusals=(400, 422),
)
def public_ledger() -> Response:
    """The public list of gifts and uses by entry number, the newest first, by pages."""
    kind = request.args.get("kind")
    if kind is not None and kind not in set(RowKind):
        raise ParameterUnfit(field="kind")
    page = list_queries.public_list(
        request.args.get("campaign"),
        request.args.get("unit"),
        RowKind(kind) if kind is not None else None,
        request.args.get("cursor"),
        _limit(),
    )
    return said(
        answers.LedgerRows(
            as_of_entry=page.as_of_entry,
            currency="CNY",
            items=[shapes.ledger_row(row) for row in page.items],
            next_cursor=page.next_cursor,
        )
    )


@bp.get("/gifts/<gift_id>/trace")
@public
@describe(answers.Trace, refusals=(400, 404))
def trace(gift_id: str) -> Response:
    """Where a gift's money went: first in, first used."""
    return said(shapes.trace(trace_queries.trace(gift_id)))


@bp.post("/gifts")
@public
@describe(
    answers.Created,
    status=201,
    body=bodies.GiftsBody,
    parameters=(_IDEMPOTENCY, _SOLUTION),
    refusals=(400, 404, 409, 413, 415, 422, 429, 503),
)
def make_gifts() -> Response:
    """One payment of one or more gifts; the same key and body again give the same answer."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise KeyMissing(field="Idempotency-Key")
    body = bodies.read(bodies.GiftsBody, json_body())
    origin = Origin(request.remote_addr or "", None, request.headers.get("Challenge-Solution"))
    created = atomically(giving.create_intent)(body.request(key), origin)
    pay_url = giving.start(created.payment.id)
    view = donations.payment(created.payment.id, created.secret)
    response = said(shapes.created(created, view, _absolute(pay_url)), 201)
    response.headers["Location"] = f"/api/v1/payments/{view.id}"
    if created.repeated:
        response.headers["Idempotency-Hit"] = "true"
    return response


@bp.get("/payments/<payment_id>")
@public
@describe(answers.Payment, refusals=(400, 404))
def payment(payment_id: str) -> Response:
    """Where a payment is."""
    return said(shapes.payment(donations.payment_public(payment_id)))


@bp.get("/gifts/<gift_id>")
@public
@describe(answers.Gift, refusals=(400, 404))
def gift(gift_id: str) -> Response:
    """Where a gift is."""
    view = donations.gift_public(gift_id)
    receipt = receipts.by_gift(gift_id)
    return said(shapes.gift(view, receipt.number if receipt else None))


@bp.get("/gifts/<gift_id>/receipt.pdf")
@payment_key
@describe("application/pdf", parameters=(_PAYMENT_KEY,), refusals=(400, 404, 503))
def receipt_pdf(gift_id: str, key: str) -> Response:
    """The receipt's PDF; made now if it was not."""
    donations.gift(gift_id, key)
    receipt = receipts.by_gift(gift_id)
    if receipt is None:
        raise NotFound
    made = receipt_services.pdf_when_made(receipt.id)
    if made is None:
        raise ReceiptNotReady
    response = Response(made, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{receipt.number}.pdf"'
    return response


@bp.get("/receipts/verify")
@public
@describe(answers.Verdict, parameters=(_NUMBER, _CODE), refusals=(400, 422))
def verify() -> Response:
    """Whether a receipt is ours and still holds."""
    number, code = request.args.get("number", ""), request.args.get("code", "")
    if not number or not code:
        raise ParameterUnfit(field="number" if not number else "code")
    found = receipts.verify(number, code)
    return said(shapes.verdict(found))


def _limit() -> int:
    text = request.args.get("limit", str(LIMIT))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII) or int(text) > LIMIT:
        raise ParameterUnfit(field="limit")
    return int(text)


def _absolute(address: str) -> str:
    """A path of ours as a whole address, by our settings and not by the Host header."""
    base_url: str = current_app.extensions["charity.settings"].base_url
    return urljoin(f"{base_url}/", address)
