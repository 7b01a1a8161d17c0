"""Choices and states of money that goes back, and of our own mistakes mended."""

from __future__ import annotations

from enum import StrEnum


class RefundReason(StrEnum):
    """Why a gift goes back."""

    DUPLICATE = "duplicate"  # given twice by mistake
    WRONG_AMOUNT = "wrong_amount"  # a figure too many
    DONOR_ASKED = "donor_asked"  # the donor changed their mind
    NOT_AUTHORIZED = "not_authorized"  # paid without the payer's knowledge
    CAMPAIGN_FAILED = "campaign_failed"  # what it was given for cannot be done
    OTHER = "other"  # said in the note


class Route(StrEnum):
    """The way the money goes back: the way it came."""

    PROVIDER = "provider"
    BANK = "bank"  # by the charity's bank; done when the outgoing line is there


class RefundState(StrEnum):
    """Where a refund is. ``RANK`` tells which news wins, whatever order it comes in."""

    ASKED = "asked"  # another person has not agreed yet
    DROPPED = "dropped"  # refused, withdrawn, or nobody answered in time: nothing happened
    APPROVED = "approved"  # agreed; the money does not move yet
    SENT = "sent"  # the provider was told; it has not said that the money is back
    UNKNOWN = "unknown"  # the provider was told and its answer did not come: being checked
    DONE = "done"  # the money is back with the donor, and in the ledger
    FAILED = "failed"  # it did not go back, or came back to us; the gift stands


#: A gift has at most one refund in one of these.
OPEN = frozenset(
    {
        RefundState.ASKED,
        RefundState.APPROVED,
        RefundState.SENT,
        RefundState.UNKNOWN,
        RefundState.DONE,
    }
)
#: The worker still has something to do or to find out.
MOVING = frozenset({RefundState.APPROVED, RefundState.SENT, RefundState.UNKNOWN})


class CorrectionKind(StrEnum):
    """What of a gift was written down wrongly."""

    UNIT = "unit"  # it was given to another unit
    NAME = "name"  # the donor is called otherwise


class CorrectionState(StrEnum):
    """Where a correction is."""

    ASKED = "asked"
    DROPPED = "dropped"  # refused, withdrawn, or nobody answered in time
    DONE = "done"


def effect(name: str, moved: int) -> str:
    """The ledger's word for an effect of a gift whose unit was corrected ``moved`` times.

    A gift that moved to its right book is entered there anew; its first entry stays.
    """
    return f"{name}-{moved}" if moved else name
