"""What a gift may be on a day, as the parameters say it."""

from __future__ import annotations

import datetime as dt

from charity.donations.rules import Limits
from charity.parameters import queries as parameters

_PREFIX = "gifts."


def limits(on: dt.date) -> Limits:
    """The limits that hold on the day ``on``; one question to the database."""
    return Limits(**parameters.values(_PREFIX, on))
