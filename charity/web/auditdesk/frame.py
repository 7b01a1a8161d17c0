"""What every page of the supervisor's desk shares: its own navigation, names, its places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from charity.funds import queries as funds
from charity.funds import unit_queries as units
from charity.people.kinds import Role
from charity.web.auditdesk import bp, words
from charity.web.guards import staff

#: The guard of every page here.
supervisor = staff(Role.SUPERVISOR)
#: And of what leaves the house.
supervisor_sure = staff(Role.SUPERVISOR, second_factor=True)

PARTS: tuple[tuple[str, LazyString], ...] = (
    ("auditdesk.home", _("概况")),
    ("auditdesk.sample", _("每周抽样")),
    ("auditdesk.books", _p("many", "分账")),
    ("auditdesk.entries", _p("many", "分录")),
    ("auditdesk.authorities", _("授权记录")),
    ("auditdesk.approvals", _p("many", "审批")),
    ("auditdesk.trail", _("操作记录")),
    ("auditdesk.reveals", _("查看记录")),
    ("auditdesk.checks", _("自动检查")),
    ("auditdesk.jobs", _("后台任务")),
)
#: Pages of one thing stand under the list they belong to.
_UNDER = {"book": "books", "entry": "entries", "approval": "approvals", "sample_week": "sample"}


@bp.context_processor
def _context() -> dict[str, Any]:
    endpoint = (request.endpoint or "").removeprefix("auditdesk.")
    here = f"auditdesk.{_UNDER.get(endpoint, endpoint)}"
    return {
        "audit_parts": [(url_for(name), str(label), name == here) for name, label in PARTS],
        "entry_kinds": words.ENTRIES,
        "account_name": words.account_name,
        "cause_name": words.cause_name,
        "action_name": words.action_name,
        "page_of": words.page_of,
    }


def next_urls(
    endpoint: str, kept: Mapping[str, Any], cursor: str, given: Any, following: Any
) -> dict[str, str | None]:
    """The addresses of the first page (when this is not it) and of the next."""
    return {
        "first_url": url_for(endpoint, **kept) if given else None,
        "next_url": url_for(endpoint, **kept, **{cursor: following}) if following else None,
    }


def names_of(codes: Iterable[str | None]) -> dict[str, Any]:
    """Raising units by code, for their names."""
    wanted = {code for code in codes if code is not None}
    return dict(units.units_by_code(wanted)) if wanted else {}


def campaigns() -> dict[str, Any]:
    """Campaigns by slug, for their names and for filters."""
    return {view.slug: view for view in funds.campaigns()}
