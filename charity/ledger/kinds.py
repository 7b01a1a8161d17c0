"""What books, accounts and entries there are. ``X→Y n``: debit X, credit Y, n fen."""

from __future__ import annotations

from enum import StrEnum


class BookKind(StrEnum):
    """The three kinds of book (分账)."""

    UNIT = "unit"  # what one raising unit raised in one campaign
    OWN = "own"  # the charity's unrestricted money that passes through here
    SUSPENSE = "suspense"  # money whose owner is not yet known: a debt, never raised


class Mode(StrEnum):
    """A database is born real or test, for ever."""

    REAL = "real"
    TEST = "test"


class Side(StrEnum):
    """The side on which an account normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountKind(StrEnum):
    """The accounts of a book; ``clearing`` and ``bank`` carry a name after a colon."""

    CLEARING = "clearing"  # the provider still holds it
    TRANSIT = "transit"  # between provider or slip and bank
    BANK = "bank"  # this book's share of a bank account
    AVAILABLE = "available"  # may be applied for: never below zero
    RESERVED = "reserved"  # promised to an approved application
    PENDING_IN = "pending_in"  # confirmed from a slip, not yet on a bank line
    SHORTFALL = "shortfall"  # owed by the unit: refunded or lost after it was paid out
    ADVANCE = "advance"  # lent to this unit book by the own book
    ADVANCED = "advanced"  # lent by the own book to unit books
    HELD = "held"  # suspense: whose is it
    GOODS = "goods"  # goods at fair value
    GOODS_AVAILABLE = "goods_available"  # goods that may be issued
    GOODS_RESERVED = "goods_reserved"  # goods promised


class EntryKind(StrEnum):
    """What happened. A kind is a row of a reference table: a new one is an insert, no rebuild."""

    GIFT = "gift"  # settled online
    FEE = "fee"  # the provider's fee, this gift's share
    FEE_BORNE = "fee_borne"  # a fee the own book takes over
    PAYOUT = "payout"  # the provider sent money on
    PAYOUT_BANK = "payout_bank"  # and it is on the bank line
    ADVANCE = "advance"  # the own book lends what a book's bank cannot bear
    ADVANCE_REPAID = "advance_repaid"
    SLIP = "slip"  # a gift by hand, confirmed, pending in
    SLIP_BANK = "slip_bank"  # its bank line came: now raised
    BANK_GIFT = "bank_gift"  # a gift straight on a bank line
    SUSPENSE_IN = "suspense_in"  # a bank line nobody knows
    SUSPENSE_OUT = "suspense_out"  # known now: it leaves suspense
    SUSPENSE_RETURN = "suspense_return"  # sent back
    REFUND = "refund"  # money back on request
    DISPUTE = "dispute"  # money taken back by the donor's bank
    DISPUTE_WON = "dispute_won"
    RESERVE = "reserve"  # an application was approved
    VOID = "void"  # the approval was withdrawn or ran out
    PAY = "pay"  # paid to the payee, on the bank line
    BANK_RETURN = "bank_return"  # the payee's bank sent it back
    MONEY_BACK = "money_back"  # the unit handed it back
    COST_PAY = "cost_pay"  # a fundraising cost paid to its supplier, on the bank line
    COST_RETURN = "cost_return"  # the supplier's bank sent it back
    COST_BACK = "cost_back"  # the supplier handed it back
    CORRECTION = "correction"  # our own mistake mended
    INTEREST = "interest"  # own book
    BANK_CHARGE = "bank_charge"  # own book


class Figure(StrEnum):
    """The figures of ``ledger.md``: what pages, reports and the API show, in fen."""

    RAISED = "raised"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    MATCHED_IN = "matched_in"
    MATCHED_OUT = "matched_out"
    MOVED_IN = "moved_in"
    MOVED_OUT = "moved_out"
    BORNE = "borne"
    FEES = "fees"
    COSTS = "costs"
    RESERVED = "reserved"
    USED = "used"
    PROVED = "proved"
    AVAILABLE = "available"
    SHORTFALL = "shortfall"
    LEFT = "left"
