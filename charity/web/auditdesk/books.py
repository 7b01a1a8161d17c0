"""Books for supervisors: every account as of entry n, and live, side by side."""

from __future__ import annotations

from flask import render_template, request

from charity.ledger import book_queries as ledger_books
from charity.ledger import queries as ledger
from charity.ledger.audit_queries import Asked, entries
from charity.ledger.kinds import AccountKind
from charity.web.auditdesk import asked, bp, words
from charity.web.auditdesk.frame import campaigns, names_of, next_urls, supervisor

#: What the list shows of each book; its page shows every account.
SHOWN = (
    AccountKind.AVAILABLE, AccountKind.RESERVED, AccountKind.BANK, AccountKind.CLEARING,
    AccountKind.TRANSIT, AccountKind.SHORTFALL,
)  # fmt: skip
_RECENT = 20


@bp.get("/books")
@supervisor
def books() -> str:
    """The own and the suspense book, then those of units by campaign and unit."""
    kept = asked.kept(asked.BOOK_FILTERS)
    after = request.args.get("after") or None
    page = ledger_books.unit_books(
        campaign=kept.get("campaign"), unit=kept.get("unit"), after=after
    )
    return render_template(
        "auditdesk/books.html",
        common=() if after or kept else ledger_books.common_books(),
        books=page.items,
        units=names_of(one.unit for one in page.items),
        campaigns=campaigns(),
        shown=SHOWN,
        kept=kept,
        book_words=words.BOOKS,
        account_words=words.ACCOUNTS,
        n=ledger.head(),
        **next_urls("auditdesk.books", kept, "after", after, page.after),
    )


@bp.get("/books/<book>")
@supervisor
def book(book: str) -> str:
    """One book: its accounts, whether they balance, its latest entries."""
    view = ledger_books.book(book)
    page = entries(Asked(book=book), limit=_RECENT)
    return render_template(
        "auditdesk/book.html",
        book=view,
        units=names_of([view.unit]),
        campaigns=campaigns(),
        book_words=words.BOOKS,
        entries=page.items,
        more=page.before is not None,
        n=ledger.head(),
    )
