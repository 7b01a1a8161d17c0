"""The verbs of a gift before it is paid: it is asked for here, and started in ``starting``.

A request with a key that was seen before makes nothing: with the same facts it gets the same
answer, with others it is refused.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations import rules, tries
from charity.donations.errors import (
    KeyConflict,
    TextUnfit,
)
from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.models import Donor, Gift, Intent, StatusEvent
from charity.donations.providers.registry import provider as provider_on
from charity.donations.queries import PaymentView, payment_by_id
from charity.donations.requests import (
    Desk,
    DonorDetails,
    GiftItem,
    GiftRequest,
    Placed,
    checked,
    place_items,
)
from charity.donations.secrets import payment_secret
from charity.donations.starting import (
    LOOK_AFTER,
    expire_quiet,
    pay_origins,
    provider_least,
    record_started,
    start,
    status_row,
)
from charity.donations.tries import Origin
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index
from charity.kernel.db import among, bulk_insert, canonical_json, db
from charity.kernel.ids import new_id, public_id

__all__ = [
    "Created",
    "DonorDetails",
    "GiftItem",
    "GiftRequest",
    "Origin",
    "check_item",
    "create_intent",
    "create_many",
    "expire_quiet",
    "pay_origins",
    "provider_least",
    "receipt_issued",
    "record_started",
    "start",
]


@dataclass(frozen=True, slots=True)
class Created:
    """The payment, the key of its page, and whether it was there before this request."""

    payment: PaymentView
    secret: str
    repeated: bool


def check_item(item: GiftItem, provider: str) -> None:
    """Refuse a gift that could never be paid: the errors of ``create_intent``. Writes nothing."""
    place_items(Desk(), [item], provider_on(provider), prefix="")


def create_intent(request: GiftRequest, origin: Origin | None = None) -> Created:
    """Write down what is asked, as one payment. Inside ``atomic()``.

    ``origin`` is where it came from over the network; a try from there is counted and may be
    refused (``tries.admit``). Raises KeyConflict, CampaignUnknown, UnitUnknown, CampaignNotOpen,
    AmountTooSmall, AmountTooLarge, NoItems, TooManyItems, ProviderUnknown, ProviderOff, TextUnfit,
    EmailUnfit, PhoneUnfit, UsccUnfit, each with its field, and what ``tries.admit`` raises.
    """
    require_atomic()
    if (
        not request.key
        or rules.fit_text(request.key, "key", rules.KEY_LENGTH, free=True) != request.key
    ):
        raise TextUnfit(field="key")
    key, facts_hash = _key_of(request), _facts_hash(request)
    repeated = _earlier(key, facts_hash)
    if repeated is not None:
        return repeated
    try_id = tries.admit(origin, request.donor) if origin is not None else None
    desk = Desk()
    clean, placed = checked(desk, request)
    intent = _intent_row(desk, clean, key, facts_hash, sum(item.amount_fen for item in placed))
    if not _insert_once(Intent, "key", intent):
        # Somebody with the same key was quicker by a moment; theirs is committed by now.
        earlier = _earlier(key, facts_hash)
        if earlier is None:
            raise KeyConflict
        return earlier
    donor_id = _donor(clean.donor)
    _insert(Gift, _gift_rows(clean, placed, intent, donor_id))
    _insert(StatusEvent, [status_row(int(str(intent["id"])), PaymentStatus.CREATED)])
    if try_id is not None:
        tries.reached(try_id, int(str(intent["id"])))
    payment_id = str(intent["public_id"])
    return Created(payment_by_id(payment_id), payment_secret(payment_id), repeated=False)


def create_many(requests: Sequence[GiftRequest]) -> list[str]:
    """``create_intent`` for many requests none of which was seen before, in few statements.

    For demo data and imports. Returns the payment ids in order. A key seen before is refused by
    the database, and with it the whole batch.
    """
    require_atomic()
    desk = Desk()
    ready = [checked(desk, request) for request in requests]
    donors = many_donors([clean.donor for clean, _ in ready])
    intents, gifts = [], []
    for request, (clean, placed), donor_id in zip(requests, ready, donors, strict=True):
        total = sum(item.amount_fen for item in placed)
        intent = _intent_row(desk, clean, _key_of(request), _facts_hash(request), total)
        intents.append(intent)
        gifts += _gift_rows(clean, placed, intent, donor_id)
    _insert(Intent, intents)
    _insert(Gift, gifts)
    _insert(
        StatusEvent, [status_row(int(str(row["id"])), PaymentStatus.CREATED) for row in intents]
    )
    return [str(row["public_id"]) for row in intents]


def _key_of(request: GiftRequest) -> str:
    return f"{request.channel}:{request.key}"


def _facts_hash(request: GiftRequest) -> str:
    """A keyed hash: the facts name a person. The same request in another language is the same."""
    facts = _fields(request) | {"language": None}
    # In ASCII: what is not yet checked may hold half a surrogate pair, which has no bytes.
    return blind_index(json.dumps(facts, default=_fields, sort_keys=True), "intent-facts")


def _fields(value: Any) -> dict[str, object]:
    """What a dataclass holds, as it is: ``asdict`` would copy all of it, and that is slow."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _earlier(key: str, facts_hash: str) -> Created | None:
    row = db.session().execute(select(Intent.public_id, Intent.facts_hash).where(Intent.key == key))
    found = row.first()
    if found is None:
        return None
    if found.facts_hash != facts_hash:
        raise KeyConflict
    view = payment_by_id(found.public_id)
    return Created(view, payment_secret(found.public_id), repeated=True)


def _intent_row(
    desk: Desk, request: GiftRequest, key: str, facts_hash: str, amount_fen: int
) -> dict[str, object]:
    provider, now = provider_on(request.provider), desk.now
    life = dt.timedelta(hours=desk.limits.intent_hours)
    return {
        "id": new_id(),
        "public_id": public_id(),
        "key": key,
        "facts_hash": facts_hash,
        "channel": request.channel,
        "provider": provider.name,
        "account": provider.account,
        "mode": desk.mode,
        "reference": None,
        "pay_url": None,
        "amount_fen": amount_fen,
        "currency": provider.currency,
        "status": PaymentStatus.CREATED.value,
        "status_at": now,
        "created_at": now,
        "expires_at": now + life,
        "look_at": now + LOOK_AFTER,
    }


def _gift_rows(
    request: GiftRequest,
    placed: Iterable[Placed],
    intent: Mapping[str, object],
    donor_id: int | None,
) -> list[dict[str, object]]:
    return [
        {
            "id": new_id(),
            "public_id": public_id(),
            "intent_id": intent["id"],
            "line": line,
            "campaign_unit_id": item.place.campaign_unit_id,
            "book_id": item.place.book_id,
            "team": item.team,
            "amount_fen": item.amount_fen,
            "status": GiftStatus.CREATED.value,
            "donor_id": donor_id,
            "display": request.donor.display.value,
            "message": request.message,
            "receipt_wanted": request.receipt,
            "receipt_due": False,
            "bill_wish": request.bill_wish.value,
            "language": request.language,
            "created_at": intent["created_at"],
        }
        for line, item in enumerate(placed, start=1)
    ]


def _donor_row(details: DonorDetails) -> dict[str, object] | None:
    """A donor's row; nobody for a nameless gift.

    Found again by name and contacts together. Two gifts with a name and no contact may be of two
    people: each has a row of its own.
    """
    told = _fields(details)
    told.pop("display")
    if not any(told.values()):
        return None
    identity = None
    if details.email or details.phone or details.organization_uscc:
        identity = blind_index(canonical_json(told), "donor-identity")
    return {
        "id": new_id(),
        "identity": identity,
        "created_at": clock.now(),
        "settled_at": None,
        **told,
    }


def _donor(details: DonorDetails) -> int | None:
    """The donor's id, made or found."""
    row = _donor_row(details)
    if row is None:
        return None
    if row["identity"] is None:
        _insert(Donor, [row])
        return int(str(row["id"]))
    found = select(Donor.id).where(Donor.identity == row["identity"])
    known = db.session().scalar(found)
    if known is None and _insert_once(Donor, "identity", row):
        return int(str(row["id"]))
    return known if known is not None else db.session().scalars(found).one()


def many_donors(details: Sequence[DonorDetails]) -> list[int | None]:
    """``_donor`` of each, in two statements."""
    rows = [_donor_row(each) for each in details]
    identities = {str(row["identity"]) for row in rows if row and row["identity"]}
    found = db.session().execute(
        select(Donor.identity, Donor.id).where(among(Donor.identity, sorted(identities)))
    )
    known: dict[object, object] = {row[0]: row[1] for row in found}
    fresh = []
    for row in rows:
        if row is None or row["identity"] in known:
            continue
        fresh.append(row)
        if row["identity"] is not None:
            known[row["identity"]] = row["id"]
    _insert(Donor, fresh)
    ids = [row and (known.get(row["identity"]) if row["identity"] else row["id"]) for row in rows]
    return [None if donor_id is None else int(str(donor_id)) for donor_id in ids]


def _table(model: Any) -> Table:
    return cast("Table", model.__table__)


def _insert(model: Any, rows: Sequence[Mapping[str, object]]) -> None:
    bulk_insert(db.session(), _table(model), rows)


def _insert_once(model: Any, column: str, row: Mapping[str, object]) -> bool:
    """Insert unless ``column`` has this value already; whether it was inserted."""
    on_postgres = db.session().get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if on_postgres else sqlite.insert
    statement = insert(model).values(**row).on_conflict_do_nothing(index_elements=[column])
    return db.session().scalar(statement.returning(model.id)) is not None


def receipt_issued(gift_ids: Sequence[int]) -> None:
    """Receipts of these gifts (database ids) are issued; they are due no longer.

    Called by the domain of receipts in the transaction that issues them.
    """
    require_atomic()
    db.session().execute(update(Gift).where(among(Gift.id, gift_ids)).values(receipt_due=False))
