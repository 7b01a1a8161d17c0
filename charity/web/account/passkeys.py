"""Passkeys: the browser's own dialogue, for those who have scripts; a code does the same without.

Rule: what the browser is to sign, and its answer, go through as they are; ``people`` checks them.
"""

from __future__ import annotations

from flask import Response as Plain
from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people import passkeys, signing
from charity.people.errors import FactorStands
from charity.web import signed
from charity.web.account import bp, coming
from charity.web.account.factors import finished, prove_first
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import signed_in


@bp.post("/login/second-factor/passkey/challenge")
@signed_in
def passkey_challenge() -> Plain:
    """What a passkey of this person is to sign."""
    return Plain(atomically(passkeys.ask)(signed.current()), mimetype="application/json")


@bp.post("/login/second-factor/passkey")
@signed_in
def passkey_prove() -> Response:
    """Prove the second factor by a passkey."""
    refuse_doubled_fields()
    answer = request.form.get("answer", "")
    try:
        done = signing.with_passkey(signed.current(), answer, source=coming.source())
    except RuleBroken as error:
        flash(error.sentence(), "error")
        return redirect(url_for("account.second_factor", next=coming.next_path()), 303)
    return coming.come_in(done, former=None)


@bp.post("/account/passkeys/challenge")
@signed_in
def passkey_start() -> Plain:
    """What a new passkey is to sign."""
    return Plain(atomically(passkeys.start)(signed.current()), mimetype="application/json")


@bp.post("/account/passkeys")
@signed_in
def passkey_add() -> Response:
    """Keep the passkey that the browser made."""
    refuse_doubled_fields()
    answer, label = request.form.get("answer", ""), request.form.get("label", "")
    try:
        done = signing.add_passkey(signed.current(), answer, label, source=coming.source())
    except FactorStands:
        return prove_first()
    except RuleBroken as error:
        flash(error.sentence(), "error")
        return redirect(url_for("account.home"), 303)
    return finished(done)


@bp.post("/account/passkeys/<passkey_id>/remove")
@signed_in
def passkey_remove(passkey_id: str) -> Response:
    """Take a passkey away."""
    try:
        atomically(passkeys.remove)(signed.current(), passkey_id)
    except FactorStands:
        return prove_first()
    flash(_("通行密钥已经移除。"))
    return redirect(url_for("account.home"), 303)
