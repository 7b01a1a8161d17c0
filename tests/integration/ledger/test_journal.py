"""The exported journal, read by an independent program: it has every book's balance."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from charity.kernel.db import db
from charity.ledger import journal
from tests.back import agree, agreed, give, give_own, send, two_people
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, make_place, number
from tests.integration.back.test_corrections import ask_unit
from tests.integration.back.test_refunds import spend

HLEDGER = shutil.which("hledger")
pytestmark = pytest.mark.skipif(
    HLEDGER is None and not os.environ.get("CI"), reason="hledger is not installed"
)


def hledger(file: Path, *arguments: str) -> str:
    """What the program says of the file; it must be content."""
    assert HLEDGER is not None
    done = subprocess.run(
        [HLEDGER, "-f", str(file), *arguments],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def season() -> None:
    """Gifts, a basket, a payout, a payment, a refund that leaves a shortfall, a correction."""
    from charity.donations.back import corrections

    place = make_place()
    give_own(30_000)
    two = two_people()
    first = give((COUNTY, 1_000))
    give((COUNTY, 333), (TOWN, 100), (OFFICE, 1))
    moved = give((TOWN, 2_005))
    spend(place.books[COUNTY], 700)
    agreed(first.payment.gifts[0].id, two)
    send()
    agree(ask_unit(moved.payment.gifts[0].id, two, OFFICE), two, corrections.apply)
    number()


def written(folder: Path) -> Path:
    """The journal as a file."""
    file = folder / "ledger.journal"
    file.write_text("".join(journal.hledger()), "utf-8")
    db.session().rollback()
    return file


def test_it_balances_and_gives_every_book_s_balance(ctx: Flask, tmp_path: Path) -> None:
    season()
    file = written(tmp_path)
    assert hledger(file, "balance", "-N", "--flat", "-E", "--depth", "0").split()[0] == "0"
    told = {
        row[0]: row[1]
        for row in csv.reader(
            io.StringIO(hledger(file, "balance", "--flat", "-N", "-E", "-O", "csv"))
        )
    }
    told.pop("account")
    ours = db.session().execute(
        text(
            "SELECT b.kind AS book_kind, b.campaign, b.unit, b.currency, a.code,"
            " a.debits - a.credits AS fen"
            " FROM ledger_account a JOIN ledger_book b ON b.id = a.book_id"
            " WHERE a.debits + a.credits > 0"
        )
    )
    wanted = {}
    for row in ours:
        amount = f"{journal._amount(row.fen)} {row.currency}" if row.fen else "0"
        wanted[f"{journal.book_name(row)}:{row.code}"] = amount
    assert told == wanted
    assert any(":shortfall" in name for name in told)
    books = hledger(file, "balance", "--flat", "-N", "-E", "--depth", "3", f"unit:{SLUG}")
    # Debits and credits of each book are equal: that is what a book is.
    assert all(line.split()[0] == "0" for line in books.splitlines())
    db.session().rollback()


def test_every_entry_is_a_transaction_in_the_order_of_numbers(ctx: Flask, tmp_path: Path) -> None:
    season()
    file = written(tmp_path)
    printed = hledger(file, "print", "-x")
    entries = db.session().scalar(text("SELECT count(*) FROM ledger_number"))
    assert printed.count(" * (") == entries
    assert hledger(file, "check") == ""
    db.session().rollback()


def test_a_changed_fen_is_noticed(ctx: Flask, tmp_path: Path) -> None:
    """Canary: the program does look."""
    season()
    file = written(tmp_path)
    whole = file.read_text("utf-8")
    changed = whole.replace("  10.00 CNY", "  10.01 CNY", 1)
    assert changed != whole
    file.write_text(changed, "utf-8")
    assert HLEDGER is not None
    done = subprocess.run([HLEDGER, "-f", str(file), "check"], capture_output=True, check=False)
    assert done.returncode != 0


def test_no_donor_is_in_it(ctx: Flask) -> None:
    season()
    whole = "".join(journal.hledger())
    db.session().rollback()
    assert "张三" not in whole
    assert "example.org" not in whole
    assert "pay_" not in whole
