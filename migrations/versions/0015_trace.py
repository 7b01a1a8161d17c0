"""Where each gift stands in its book, and what donors were told."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SIDE = "side IN ('in', 'out')"
SINCE = dt.date(2023, 1, 1)
# Far from the numbers of other migrations' rows.
FIGURES = (
    (15_001, "figures.told_after_days", 5),
    (15_002, "figures.told_months", 1),
)


def _book(name: str = "book_id", *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _to_book(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["book_id"], ["ledger_book.id"], name=f"fk_{table}_book_id")


def upgrade() -> None:
    _lines()
    _days()
    _told()
    op.bulk_insert(
        sa.table("figures_line_head", sa.column("id"), sa.column("n")), [{"id": 1, "n": 0}]
    )
    _figures()


def _figures() -> None:
    """Dated figures stay when this revision is taken down: a row once entered is never removed."""
    table = sa.table(
        "parameters_parameter",
        sa.column("id", sa.BigInteger),
        sa.column("key", sa.String),
        sa.column("value", sa.BigInteger),
        sa.column("valid_from", sa.Date),
        sa.column("source", sa.String),
        sa.column("note", sa.String),
        sa.column("doubtful", sa.Boolean),
        sa.column("entered_at", sa.DateTime(timezone=True)),
    )
    have = set(op.get_bind().scalars(sa.select(table.c.key)))
    op.bulk_insert(
        table,
        [
            {
                "id": number,
                "key": key,
                "value": value,
                "valid_from": SINCE,
                "source": "机构内部公开规定（试行）",
                "note": "",
                "doubtful": False,
                "entered_at": dt.datetime(2023, 1, 1, tzinfo=dt.UTC),
            }
            for number, key, value in FIGURES
            if key not in have
        ],
    )


def _lines() -> None:
    op.create_table(
        "figures_line_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_figures_line_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_figures_line_head"),
    )
    op.create_table(
        "figures_line_book",
        _book(),
        sa.Column("side", sa.String(length=3), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(SIDE, name=op.f("ck_figures_line_book_side")),
        _to_book("figures_line_book"),
        sa.PrimaryKeyConstraint("book_id", "side", name="pk_figures_line_book"),
    )
    op.create_table(
        "figures_line",
        _book(),
        sa.Column("side", sa.String(length=3), nullable=False),
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "name",
            sa.String(length=100),
            nullable=False,
            comment="public id of the gift or application",
        ),
        sa.Column(
            "n", sa.BigInteger(), nullable=False, comment="number of the entry that opened it"
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "fen",
            sa.BigInteger(),
            nullable=False,
            comment="what it comes to after fees, refunds, returns",
        ),
        sa.CheckConstraint(SIDE, name=op.f("ck_figures_line_side")),
        sa.CheckConstraint("no >= 0", name=op.f("ck_figures_line_no")),
        _to_book("figures_line"),
        sa.PrimaryKeyConstraint("book_id", "side", "no", name="pk_figures_line"),
        sa.UniqueConstraint("name", "book_id", "side", name="uq_figures_line_name_book_id_side"),
    )
    op.create_index(
        "ix_figures_line_out_n",
        "figures_line",
        ["n"],
        sqlite_where=sa.text("side = 'out'"),
        postgresql_where=sa.text("side = 'out'"),
    )
    op.create_table(
        "figures_line_sum",
        _book(),
        sa.Column("side", sa.String(length=3), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(SIDE, name=op.f("ck_figures_line_sum_side")),
        _to_book("figures_line_sum"),
        sa.PrimaryKeyConstraint("book_id", "side", "level", "block", name="pk_figures_line_sum"),
    )


def _days() -> None:
    op.create_table(
        "figures_day",
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("first_n", sa.BigInteger(), nullable=False),
        sa.Column("last_n", sa.BigInteger(), nullable=False),
        sa.Column("last_no", sa.BigInteger(), nullable=True, comment="place of its last new line"),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('gift', 'back', 'mended')", name=op.f("ck_figures_day_kind")),
        sa.CheckConstraint("(unit = '') = (book_id IS NULL)", name=op.f("ck_figures_day_unit")),
        _to_book("figures_day"),
        sa.PrimaryKeyConstraint("campaign", "unit", "kind", "day", name="pk_figures_day"),
    )
    op.create_index("ix_figures_day_rest", "figures_day", ["campaign", "kind", "day"])
    for name, columns in (
        ("ix_figures_day_shown", ["last_n"]),
        ("ix_figures_day_campaign_shown", ["campaign", "last_n"]),
        ("ix_figures_day_unit_shown", ["unit", "last_n"]),
    ):
        op.create_index(
            name,
            "figures_day",
            columns,
            sqlite_where=sa.text("shown"),
            postgresql_where=sa.text("shown"),
        )


def _told() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "figures_told_period",
        sa.Column("period", sa.String(length=7), nullable=False, comment="YYYY-MM"),
        sa.Column("collected_at", moment, nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("period", name="pk_figures_told_period"),
    )
    op.create_table(
        "figures_told_book",
        _book(),
        sa.Column("no", sa.BigInteger(), nullable=False, comment="the first line not wholly told"),
        sa.Column(
            "used_fen", sa.BigInteger(), nullable=False, comment="used when it was told last"
        ),
        sa.Column(
            "period",
            sa.String(length=7),
            nullable=False,
            comment="the last month it was collected for",
        ),
        _to_book("figures_told_book"),
        sa.PrimaryKeyConstraint("book_id", name="pk_figures_told_book"),
    )
    op.create_table(
        "figures_told",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gift", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["period"], ["figures_told_period.period"], name="fk_figures_told_period"
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donations_donor.id"], name="fk_figures_told_donor_id"
        ),
        sa.PrimaryKeyConstraint("period", "donor_id", "gift", name="pk_figures_told"),
    )


def downgrade() -> None:
    for table in (
        "figures_told",
        "figures_told_book",
        "figures_told_period",
        "figures_day",
        "figures_line_sum",
        "figures_line",
        "figures_line_book",
        "figures_line_head",
    ):
        op.drop_table(table)
