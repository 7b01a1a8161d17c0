"""Entries and authorities for supervisors: every one, with what caused it and who signed."""

from __future__ import annotations

from flask import render_template

from charity.approvals import audit_queries as approvals
from charity.ledger import audit_queries as ledger
from charity.ledger import authority_queries
from charity.ledger import queries as ledger_queries
from charity.ledger.authority_queries import PAGE, AuthorityLine
from charity.ledger.kinds import EntryKind
from charity.people import queries as people
from charity.web import use_words
from charity.web.auditdesk import asked, bp, words
from charity.web.auditdesk.frame import campaigns, names_of, next_urls, supervisor

#: The kinds that carry an authority; others are never on that list.
SIGNED = (EntryKind.RESERVE, EntryKind.PAY)


@bp.get("/entries", endpoint="entries")
@supervisor
def entry_list() -> str:
    """Entries by number, the newest first; filters and place stand in the address."""
    kept, before = asked.kept(asked.ENTRY_FILTERS), asked.number("before")
    page = ledger.entries(asked.entries(), before)
    return render_template(
        "auditdesk/entries.html",
        entries=page.items,
        searched_to=page.searched_to,
        kept=kept,
        campaigns=campaigns(),
        units=names_of(one.unit for one in page.items),
        n=ledger_queries.head(),
        **next_urls("auditdesk.entries", kept, "before", before, page.before),
    )


@bp.get("/entries/<int:n>", endpoint="entry")
@supervisor
def one_entry(n: int) -> str:
    """One entry: postings, group, authority, what it corrects, what caused it."""
    view = ledger.entry(n)
    signed = view.authority
    signers = {signed.first_person_id, signed.second_person_id} if signed else set()
    requests = approvals.of_hash([signed.approved_hash]) if signed else {}
    return render_template(
        "auditdesk/entry.html",
        one=view,
        line=view.line,
        signed=signed,
        people=people.names(signers) if signers else {},
        request_id=requests.get(signed.approved_hash) if signed else None,
        units=names_of(each.unit for each in (view.line, *view.group)),
        campaigns=campaigns(),
        functions=use_words.FUNCTIONS,
    )


@bp.get("/authorities")
@supervisor
def authorities() -> str:
    """Authorities, the newest first: who signed what, and for which request."""
    kept, before = asked.kept(asked.AUTHORITY_FILTERS), asked.number("before")
    found = authority_rows(before, PAGE + 1)
    rows = found[:PAGE]
    following = rows[-1].id if len(found) > PAGE else None
    return render_template(
        "auditdesk/authorities.html",
        rows=rows,
        kept=kept,
        signed_kinds={kind: words.ENTRIES[kind] for kind in SIGNED},
        people=signer_names(rows),
        requests=approvals.of_hash({one.approved_hash for one in rows}),
        **next_urls("auditdesk.authorities", kept, "before", before, following),
    )


def authority_rows(before: int | None, limit: int) -> tuple[AuthorityLine, ...]:
    """Authorities as the address asks for them."""
    first, past = asked.span()
    return authority_queries.authorities(
        kind=asked.choice(EntryKind, "kind"),
        book=asked.text("book"),
        people=asked.persons("person"),
        first_id=first,
        past_id=past,
        before=before,
        limit=limit,
    )


def signer_names(rows: tuple[AuthorityLine, ...]) -> dict[str, str]:
    """The names of those who signed."""
    return people.names({who for one in rows for who in (one.first_person_id,
                                                         one.second_person_id)})  # fmt: skip
