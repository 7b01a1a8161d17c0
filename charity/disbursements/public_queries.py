"""Uses counted for the public: how many people they were for, and when what is proved moved."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, cast, func, select

from charity.disbursements.kinds import USED, ApplicationStatus, Function
from charity.disbursements.models import Application
from charity.kernel.db import db


def helped_by_book() -> dict[int, int]:
    """How many people the uses of each book were for; who was helped twice counts twice."""
    people = cast(func.sum(Application.people_count), BigInteger)
    rows = db.session().execute(
        select(Application.book_id, people)
        .where(
            Application.status.in_([status.value for status in USED]),
            Application.function == Function.PROGRAMME.value,
        )
        .group_by(Application.book_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def proved_version() -> tuple[int, dt.datetime | None]:
    """Changes whenever a use is proved, or stops being so."""
    row = db.session().execute(
        select(func.count(), func.max(Application.status_at)).where(
            Application.status == ApplicationStatus.PROVED.value
        )
    )
    count, last = row.one()
    return count, last
