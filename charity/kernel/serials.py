"""Numbers without gaps: taken in the transaction that uses them, so what is undone takes none.

A scope's row is locked from the first ``take`` until the unit of work ends; who else needs a
number of that scope waits. Take late, and all of a batch at once.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.atomic import require_atomic
from charity.kernel.db import Base, db


class Serial(Base):
    """The last number taken of each scope."""

    __tablename__ = "serial"
    __table_args__ = (CheckConstraint("last >= 0", name="last"),)
    scope: Mapped[str] = mapped_column(String(60), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


def take(scope: str, count: int = 1) -> range:
    """The next ``count`` numbers of ``scope``, from 1; they are this unit of work's or nobody's."""
    require_atomic()
    if count < 1:
        raise ValueError("at least one number is taken")
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(Serial)
        .values(scope=scope, last=count)
        .on_conflict_do_update(index_elements=[Serial.scope], set_={"last": Serial.last + count})
        .returning(Serial.last)
    )
    last: int = session.scalars(statement).one()
    return range(last - count + 1, last + 1)
