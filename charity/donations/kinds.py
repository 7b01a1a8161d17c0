"""States and choices of gifts and payments."""

from __future__ import annotations

from enum import StrEnum


class Display(StrEnum):
    """How a gift is shown in public."""

    MASKED = "masked"  # family name only; the default
    NAME = "name"  # opted into
    ANONYMOUS = "anonymous"  # 爱心人士


class BillWish(StrEnum):
    """What the donor wants of the state bill (公益事业捐赠票据)."""

    WANTED = "wanted"
    WAIVED = "waived"
    ANONYMOUS = "anonymous"  # nobody to issue it to


class PaymentStatus(StrEnum):
    """Where a payment is. ``RANK`` tells which event wins, whatever order they come in."""

    CREATED = "created"  # asked for, the provider not yet told
    PENDING = "pending"  # the provider has it
    EXPIRED = "expired"
    FAILED = "failed"
    PAID = "paid"


RANK = {status: rank for rank, status in enumerate(PaymentStatus)}


class GiftStatus(StrEnum):
    """Where a gift is."""

    CREATED = "created"
    PENDING = "pending"
    SETTLED = "settled"  # in the ledger
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # entered by hand by mistake; taken back before it was confirmed
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


NOBODY = "爱心人士"  # how a donor is named who wants no name, also on English pages

FINAL = frozenset(
    {
        GiftStatus.SETTLED,
        GiftStatus.FAILED,
        GiftStatus.EXPIRED,
        GiftStatus.WITHDRAWN,
        GiftStatus.REFUNDED,
    }
)


class EventType(StrEnum):
    """What providers tell us, in our words."""

    PAID = "payment.paid"
    DECLINED = "payment.declined"
    EXPIRED = "payment.expired"
    FEE = "payment.fee"  # what the provider took for one payment, stated after it was paid
    REFUNDED = "refund.done"  # money went back
    REFUND_FAILED = "refund.failed"  # and this time it did not, or came back to us
    PAYOUT = "payout.paid"  # the provider sent on what it held
    PAYOUT_FAILED = "payout.failed"  # and it came back
    INQUIRE = "inquire"  # something happened that must be asked about
