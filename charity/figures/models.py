"""Tables of figures: what is written down so that a list or a trace costs the same at any size.

Rule: nothing here is a source. Every row follows from numbered entries, is written by one job in
their order, and ``checks`` proves it against the postings. Sums by hundreds, ten thousands and
millions of lines stand beside the lines, so that what came before a gift is a few short sums, and
a gift that went back moves all after it by changing four rows.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Code, Fen, Moment

_SIDE = "side IN ('in', 'out')"


class LineHead(Base):
    """One row: the last entry number the lines follow."""

    __tablename__ = "figures_line_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BigInteger)


class LineBook(Base):
    """How long a line of a book is, and its sum."""

    __tablename__ = "figures_line_book"
    __table_args__ = (CheckConstraint(_SIDE, name="side"),)
    book_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ledger_book.id"), primary_key=True, autoincrement=False
    )
    side: Mapped[str] = mapped_column(String(3), primary_key=True)
    lines: Mapped[int] = mapped_column(BigInteger)
    fen: Mapped[Fen]


class Line(Base):
    """A gift, or a use, at its place in the line of its book, with what it comes to now."""

    __tablename__ = "figures_line"
    __table_args__ = (
        UniqueConstraint("name", "book_id", "side"),
        CheckConstraint(_SIDE, name="side"),
        CheckConstraint("no >= 0", name="no"),
        # Uses are few beside gifts; the public list takes them in the order of their numbers.
        Index(
            "ix_figures_line_out_n",
            "n",
            sqlite_where=text("side = 'out'"),
            postgresql_where=text("side = 'out'"),
        ),
    )
    book_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ledger_book.id"), primary_key=True, autoincrement=False
    )
    side: Mapped[str] = mapped_column(String(3), primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(100), comment="public id of the gift or application")
    n: Mapped[int] = mapped_column(BigInteger, comment="number of the entry that opened it")
    day: Mapped[dt.date] = mapped_column(Date)
    fen: Mapped[Fen] = mapped_column(comment="what it comes to after fees, refunds, returns")


class LineSum(Base):
    """Sum of a hundred lines (level 1), of a hundred such (2), of a hundred of those (3)."""

    __tablename__ = "figures_line_sum"
    __table_args__ = (CheckConstraint(_SIDE, name="side"),)
    book_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ledger_book.id"), primary_key=True, autoincrement=False
    )
    side: Mapped[str] = mapped_column(String(3), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fen: Mapped[Fen]


class Day(Base):
    """What happened in one unit's book on one day, one kind: a row of the public list.

    ``unit`` is empty in the row that holds a campaign's groups of fewer than three together.
    """

    __tablename__ = "figures_day"
    __table_args__ = (
        CheckConstraint("kind IN ('gift', 'back', 'mended')", name="kind"),
        CheckConstraint("(unit = '') = (book_id IS NULL)", name="unit"),
        Index("ix_figures_day_rest", "campaign", "kind", "day"),
        Index(
            "ix_figures_day_shown",
            "last_n",
            sqlite_where=text("shown"),
            postgresql_where=text("shown"),
        ),
        Index(
            "ix_figures_day_campaign_shown",
            "campaign",
            "last_n",
            sqlite_where=text("shown"),
            postgresql_where=text("shown"),
        ),
        Index(
            "ix_figures_day_unit_shown",
            "unit",
            "last_n",
            sqlite_where=text("shown"),
            postgresql_where=text("shown"),
        ),
    )
    campaign: Mapped[Code] = mapped_column(primary_key=True)
    unit: Mapped[Code] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    book_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_book.id"))
    entries: Mapped[int] = mapped_column(BigInteger)
    fen: Mapped[Fen]
    first_n: Mapped[int] = mapped_column(BigInteger)
    last_n: Mapped[int] = mapped_column(BigInteger)
    last_no: Mapped[int | None] = mapped_column(BigInteger, comment="place of its last new line")
    shown: Mapped[bool]


class ToldPeriod(Base):
    """A month whose donors are told; collected first, sent after."""

    __tablename__ = "figures_told_period"
    period: Mapped[str] = mapped_column(String(7), primary_key=True, comment="YYYY-MM")
    collected_at: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]


class ToldBook(Base):
    """How far along a book's line donors were told."""

    __tablename__ = "figures_told_book"
    book_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ledger_book.id"), primary_key=True, autoincrement=False
    )
    no: Mapped[int] = mapped_column(BigInteger, comment="the first line not wholly told")
    used_fen: Mapped[Fen] = mapped_column(comment="used when it was told last")
    period: Mapped[str] = mapped_column(String(7), comment="the last month it was collected for")


class Told(Base):
    """A gift whose money was used in a month, and the donor who is told of it."""

    __tablename__ = "figures_told"
    period: Mapped[str] = mapped_column(
        String(7), ForeignKey("figures_told_period.period"), primary_key=True
    )
    donor_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("donations_donor.id"), primary_key=True, autoincrement=False
    )
    gift: Mapped[str] = mapped_column(String(32), primary_key=True)
