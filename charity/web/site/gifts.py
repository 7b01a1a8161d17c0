"""After giving: a payment's page, one gift's page, and the receipt.

Rule: opened by the payment's key only. What is shown is our own state, never what the address or
a provider's redirect says.
"""

from __future__ import annotations

from flask import Response, make_response, render_template, url_for

from charity.donations import queries as donations
from charity.donations.back import queries as back_queries
from charity.donations.queries import PaymentView
from charity.receipts import queries as receipts
from charity.receipts import services as receipt_services
from charity.web import errors, present
from charity.web.guards import payment_key
from charity.web.site import bp


@bp.get("/payments/<payment_id>")
@payment_key
def payment(payment_id: str, key: str) -> str:
    """Status and thanks; one page for a basket. Asks again by itself until nothing can change."""
    return _payment_part("site/payment.html", donations.payment(payment_id, key), key)


@bp.get("/payments/<payment_id>/status")
@payment_key
def payment_status(payment_id: str, key: str) -> str:
    """The part of the payment's page that changes."""
    return _payment_part("site/_payment_status.html", donations.payment(payment_id, key), key)


def _payment_part(template: str, view: PaymentView, key: str) -> str:
    papers = receipts.by_gifts([one.id for one in view.gifts])
    gifts = [present.gift(one, papers.get(one.id), key) for one in view.gifts]
    shown = present.payment(view, gifts)
    return render_template(
        template,
        payment=shown,
        gifts=gifts,
        key=key,
        final=present.is_final(view, shown),
        status_url=url_for("site.payment_status", payment_id=view.id, key=key),
    )


@bp.get("/gifts/<gift_id>")
@payment_key
def gift(gift_id: str, key: str) -> str:
    """One gift: its state, its entry, its receipt."""
    view = donations.gift(gift_id, key)
    receipt = receipts.by_gift(gift_id)
    verify_url = (
        url_for("site.verify", number=receipt.number, code=receipt.code) if receipt else None
    )
    return render_template(
        "site/gift.html",
        gift=present.gift(view, receipt, key),
        verify_url=verify_url,
        refund=back_queries.refund_state(gift_id),
        corrections=back_queries.made_corrections(gift_id),
    )


@bp.get("/gifts/<gift_id>/receipt.pdf")
@payment_key
def gift_receipt(gift_id: str, key: str) -> Response:
    """The receipt as PDF; made now if it was not, which takes a few seconds at most."""
    donations.gift(gift_id, key)
    receipt = receipts.by_gift(gift_id)
    if receipt is None:
        return errors.answer(404, "not_found")
    made = receipt_services.pdf_when_made(receipt.id)
    if made is None:
        return errors.answer(503, "receipt_not_ready")
    response = make_response(made)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{receipt.number}.pdf"'
    return response
