"""The verbs of receipts: issue, void, reissue, ask for the PDF.

They run inside the caller's unit of work and never open one, but for ``pdf_when_made``, which
waits. A receipt is a row; its PDF is drawn when first asked for, by the worker.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Insert, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from charity.audit import services as audit
from charity.donations import services as donations
from charity.donations.kinds import GiftStatus
from charity.funds import queries as funds
from charity.kernel import clock, pdf, serials
from charity.kernel.atomic import atomically, require_atomic
from charity.kernel.db import among, bulk_insert, db
from charity.kernel.errors import RuleBroken
from charity.kernel.files import Stored
from charity.kernel.ids import new_id
from charity.ledger import queries as ledger
from charity.receipts import gifts, mail, queries, rules
from charity.receipts.errors import (
    AlreadyIssued,
    AlreadyReplaced,
    AlreadyVoid,
    GiftNotStanding,
    NoSuchReceipt,
    ReasonNeeded,
    ReceiptIsVoid,
)
from charity.receipts.gifts import GiftFacts
from charity.receipts.kinds import ReceiptStatus, Series
from charity.receipts.models import PdfRequest, Receipt, ReceiptFile, ReceiptVoid
from charity.receipts.rules import Facts

# How long a reader waits for the worker, and how often we look.
PATIENCE_S = 8
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Person:
    """Who voids or reissues: an id and the name as it was then."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Issued:
    """What a batch did: receipts made, and gifts whose facts cannot be printed, with the reason."""

    receipt_ids: list[int]
    refused: list[tuple[int, RuleBroken]]
    gift_ids: list[int] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A receipt before it has a number."""

    gift: GiftFacts
    id: int = dataclasses.field(default_factory=new_id)
    version: int = 1
    replaces_id: int | None = None
    replaces: str | None = None


def issue(gift_id: int) -> int:
    """Issue the receipt of one settled gift and return its id.

    Raises AlreadyIssued, GiftNotStanding, and what ``rules.require_fits`` and
    ``pdf.require_glyphs`` raise.
    """
    require_atomic()
    gifts.lock([gift_id])
    if _has_receipt([gift_id]):
        raise AlreadyIssued
    found = gifts.load([gift_id])
    if not found or found[0].status is not GiftStatus.SETTLED:
        raise GiftNotStanding
    made = _issue([_Draft(found[0])])
    for _, error in made.refused:
        raise error
    donations.receipt_issued([gift_id])
    mail.receipts_issued([gift_id])
    return made.receipt_ids[0]


def issue_batch(gift_ids: Sequence[int]) -> Issued:
    """Issue receipts for those of these gifts that are settled and have none.

    Safe to repeat and to run twice at once. A gift that cannot be printed is in ``refused`` and
    takes no number.
    """
    require_atomic()
    gifts.lock(gift_ids)
    have = _has_receipt(gift_ids)
    made = _issue(
        [
            _Draft(gift)
            for gift in gifts.load(gift_ids)
            if gift.gift_id not in have and gift.status is GiftStatus.SETTLED
        ]
    )
    refused = {gift_id for gift_id, _ in made.refused}
    mail.receipts_issued(made.gift_ids)
    # Those that were refunded meanwhile are owed nothing either.
    donations.receipt_issued([gift_id for gift_id in gift_ids if gift_id not in refused])
    return made


def _has_receipt(gift_ids: Sequence[int]) -> set[int]:
    return set(
        db.session().scalars(select(Receipt.gift_id).where(among(Receipt.gift_id, gift_ids)))
    )


def _issue(drafts: list[_Draft]) -> Issued:
    """Check all, then take the numbers, then store: what is refused leaves no gap."""
    charity = funds.charity()
    if charity is None:
        raise RuntimeError("the charity's name and code were not stated yet")
    moment = clock.now().replace(microsecond=0)
    mode = ledger.mode()
    base_url: str = current_app.extensions["charity.settings"].base_url
    prepared: list[tuple[_Draft, Facts]] = []
    refused: list[tuple[int, RuleBroken]] = []
    for draft in drafts:
        facts = _facts(draft, moment=moment, mode=mode, base_url=base_url, charity=charity)
        try:
            rules.require_fits(facts)
            pdf.require_glyphs(*facts.texts())
        except RuleBroken as error:
            refused.append((draft.gift.gift_id, error))
        else:
            prepared.append((draft, facts))
    if not prepared:
        return Issued([], refused)
    series = rules.series_of(mode)
    year = clock.local_date(moment).year
    numbers = serials.take(f"receipt:{series}:{year}", len(prepared))
    rows = [
        _row(draft, facts, series=series, year=year, seq=seq, mode=mode)
        for (draft, facts), seq in zip(prepared, numbers, strict=True)
    ]
    assert isinstance(Receipt.__table__, Table)
    bulk_insert(db.session(), Receipt.__table__, rows)
    gift_ids = [draft.gift.gift_id for draft, _ in prepared]
    return Issued([draft.id for draft, _ in prepared], refused, gift_ids)


def _facts(
    draft: _Draft, *, moment: dt.datetime, mode: str, base_url: str, charity: funds.CharityView
) -> Facts:
    gift = draft.gift
    return Facts(
        number="",
        code=new_code(),
        test=mode == "test",
        donor=rules.clean(gift.donor.printed),
        donor_public=gift.donor.public,
        donor_uscc=gift.donor.uscc,
        campaign_name=rules.clean(gift.campaign_name),
        filing_number=rules.clean(gift.filing_number),
        unit_name=rules.clean(gift.unit_name),
        amount_fen=gift.amount_fen,
        currency=gift.currency,
        given_on=gift.given_on,
        issued_on=clock.local_date(moment),
        issued_at=moment,
        handler=rules.clean(charity.handler),
        charity_name=rules.clean(charity.name),
        charity_uscc=charity.uscc,
        bill_wish=gift.bill_wish,
        base_url=base_url,
        replaces=draft.replaces,
    )


def _row(
    draft: _Draft, facts: Facts, *, series: Series, year: int, seq: int, mode: str
) -> dict[str, object]:
    facts = dataclasses.replace(facts, number=rules.format_number(series, year, seq))
    return {
        "id": draft.id,
        "series": str(series),
        "year": year,
        "seq": seq,
        "number": facts.number,
        "code": facts.code,
        "mode": mode,
        "gift_id": draft.gift.gift_id,
        "version": draft.version,
        "replaces_id": draft.replaces_id,
        "donor": facts.donor,
        "donor_public": facts.donor_public,
        "donor_uscc": facts.donor_uscc,
        "donor_masked": draft.gift.donor.masked,
        "campaign_name": facts.campaign_name,
        "filing_number": facts.filing_number,
        "unit_name": facts.unit_name,
        "amount_fen": facts.amount_fen,
        "currency": facts.currency,
        "amount_capital": facts.capital,
        "given_on": facts.given_on,
        "issued_on": facts.issued_on,
        "issued_at": facts.issued_at,
        "handler": facts.handler,
        "charity_name": facts.charity_name,
        "charity_uscc": facts.charity_uscc,
        "bill_wish": facts.bill_wish,
        "base_url": facts.base_url,
        "template": facts.template,
        "facts_sha256": rules.facts_hash(facts),
    }


def new_code() -> str:
    """A fresh verification code, 80 random bits."""
    bare = "".join(secrets.choice(rules.CODE_ALPHABET) for _ in range(rules.CODE_LENGTH))
    return rules.group_code(bare)


def void(receipt_id: int, *, reason: str, person: Person) -> None:
    """Make a receipt void for ever. Raises NoSuchReceipt, AlreadyVoid, ReasonNeeded."""
    require_atomic()
    row = _locked(receipt_id)
    _void(row, reason=reason, person=person)


def reissue(receipt_id: int, *, reason: str, person: Person, donor_name: str | None = None) -> int:
    """Void a receipt and issue another in its place, from the gift as it stands; its id.

    ``donor_name`` corrects how the donor is written, for this paper. A receipt that is void
    already may be replaced too. Raises NoSuchReceipt, AlreadyReplaced, GiftNotStanding,
    ReasonNeeded, and what ``issue`` raises for texts.
    """
    require_atomic()
    row = _locked(receipt_id)
    session = db.session()
    if session.scalar(select(Receipt.id).where(Receipt.replaces_id == receipt_id)):
        raise AlreadyReplaced
    (gift,) = gifts.load([row.gift_id])
    if gift.status is not GiftStatus.SETTLED:
        raise GiftNotStanding
    if session.get(ReceiptVoid, receipt_id) is None:
        _void(row, reason=reason, person=person)
    if donor_name is not None:
        name = rules.clean(donor_name)
        donor = dataclasses.replace(gift.donor, printed=name)
        gift = dataclasses.replace(gift, donor=donor)
    draft = _Draft(gift, version=row.version + 1, replaces_id=row.id, replaces=row.number)
    made = _issue([draft])
    for _, error in made.refused:
        raise error
    audit.record(
        "receipt.reissued",
        "receipt",
        str(made.receipt_ids[0]),
        actor_id=person.id,
        actor_name=person.name,
        after={"replaces": str(row.id)},
    )
    return made.receipt_ids[0]


def _locked(receipt_id: int) -> Receipt:
    """The receipt, with its gift's row held."""
    gift_id = db.session().scalar(select(Receipt.gift_id).where(Receipt.id == receipt_id))
    if gift_id is None:
        raise NoSuchReceipt
    gifts.lock([gift_id])
    return db.session().get_one(Receipt, receipt_id)


def _void(row: Receipt, *, reason: str, person: Person) -> None:
    words = rules.clean(reason)[:_LONGEST_REASON]
    if not words:
        raise ReasonNeeded
    session = db.session()
    if session.get(ReceiptVoid, row.id) is not None:
        raise AlreadyVoid
    session.execute(
        insert(ReceiptVoid).values(
            receipt_id=row.id,
            reason=words,
            actor_id=person.id,
            actor_name=person.name,
            at=clock.now(),
        )
    )
    audit.record(
        "receipt.voided",
        "receipt",
        str(row.id),
        actor_id=person.id,
        actor_name=person.name,
        after={"number": row.number},
    )


def request_pdf(receipt_id: int) -> None:
    """Ask the worker for this receipt's PDF; asking again changes nothing."""
    require_atomic()
    if db.session().get(Receipt, receipt_id) is None:
        raise NoSuchReceipt
    db.session().execute(_insert_once(PdfRequest, receipt_id=receipt_id, asked_at=clock.now()))


def keep_pdf(receipt_id: int, stored: Stored) -> None:
    """Note where the receipt's PDF lies. The first one stays: its bytes never change."""
    require_atomic()
    db.session().execute(
        _insert_once(
            ReceiptFile,
            receipt_id=receipt_id,
            sha256=stored.sha256,
            size=stored.size,
            path=stored.path,
            made_at=clock.now(),
        )
    )


def _insert_once(table: type[PdfRequest | ReceiptFile], **values: object) -> Insert:
    """An insert that leaves the row that is there."""
    if db.session().get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).values(**values).on_conflict_do_nothing()
    return sqlite.insert(table).values(**values).on_conflict_do_nothing()


def pdf_when_made(receipt_id: int, *, patience: int = PATIENCE_S) -> bytes | None:
    """The PDF, asked of the worker and waited for when it was not drawn yet; None when it takes
    longer than ``patience`` seconds.

    Called outside a unit of work. Raises NoSuchReceipt, and ReceiptIsVoid when the paper no longer
    counts: what a refund made untrue is not handed out again.
    """
    if queries.status(receipt_id) is not ReceiptStatus.VALID:
        raise ReceiptIsVoid
    made = queries.pdf_bytes(receipt_id)
    if made is not None:
        return made
    atomically(request_pdf)(receipt_id)

    def look() -> bytes | None:
        # A new snapshot, or we would never see what the worker wrote.
        db.session().rollback()
        return queries.pdf_bytes(receipt_id)

    return clock.wait_for(look, seconds=patience)
