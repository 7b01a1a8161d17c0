"""Uses counted for the public: how many people they were for, and when what is proved moved."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ScalarSelect, Select, cast, func, select

from charity.disbursements.kinds import USED, ApplicationStatus, Function
from charity.disbursements.models import Application
from charity.kernel.db import db


def helped(books: Select[int] | None = None) -> int:
    """How many people the uses (of these books) were for; who was helped twice counts twice."""
    wanted = select(cast(func.sum(Application.people_count), BigInteger)).where(
        Application.status.in_([status.value for status in USED]),
        Application.function == Function.PROGRAMME.value,
    )
    if books is not None:
        wanted = wanted.where(Application.book_id.in_(books))
    return int(db.session().scalar(wanted) or 0)


def proved_marks() -> tuple[ScalarSelect[int], ScalarSelect[dt.datetime]]:
    """What changes whenever a use is proved, or stops being so. Parts of a larger question."""
    proved = Application.status == ApplicationStatus.PROVED.value
    return (
        select(func.count(Application.id)).where(proved).scalar_subquery(),
        select(func.max(Application.status_at)).where(proved).scalar_subquery(),
    )
