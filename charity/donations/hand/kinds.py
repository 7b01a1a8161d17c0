"""Choices and states of gifts entered by hand and of the bank's lines."""

from __future__ import annotations

from enum import StrEnum

CHANNEL = "by_hand"


class Method(StrEnum):
    """How the money of a sheet came."""

    CASH = "cash"  # collected, counted, paid in with a slip
    BANK = "bank"  # one transfer into the charity's account; its line settles the sheet


class SlipStatus(StrEnum):
    """Where a slip is."""

    WAITING = "waiting"  # counted and paid in; another person has not confirmed it
    CONFIRMED = "confirmed"  # its money is pending in
    SETTLED = "settled"  # its bank line came
    WITHDRAWN = "withdrawn"  # taken back by its clerk before it was confirmed


class Direction(StrEnum):
    """Which way a bank line moves money, seen from the charity's account."""

    IN = "in"
    OUT = "out"


class LineUse(StrEnum):
    """What a bank line was for. One line has one use; a use of another domain adds its word."""

    SLIP = "slip"  # cash paid in
    SHEET = "sheet"  # a transfer that a unit's clerk had entered
    PAYOUT = "payout"  # a provider sent money on
    SUSPENSE = "suspense"  # nobody knows yet
    RETURN = "return"  # money of suspense went back
    INTEREST = "interest"  # the bank's interest, for the own book
    CHARGE = "charge"  # the bank's charge, borne by the own book
    APPLICATION = "application"  # paid out for an application
    BANK_RETURN = "bank_return"  # the payee's bank sent a payment back
    MONEY_BACK = "money_back"  # a unit handed back what it did not need


class SuspenseStatus(StrEnum):
    """Where money is that nobody knew when it came."""

    HELD = "held"  # whose is it
    ASKED = "asked"  # one person said where it goes, another has not agreed yet
    GIVEN = "given"  # it is a gift of a unit's book
    RETURNING = "returning"  # two people agreed that it goes back; the bank has not paid yet
    RETURNED = "returned"  # its outgoing line came
