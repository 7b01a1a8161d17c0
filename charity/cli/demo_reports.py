"""Reports of the demonstration: two published, one of them corrected, and a draft.

Rule: they go the way of every report: drafted by a discloser, checked by the accountant, published
by the manager, with the files that the worker makes.
"""

from __future__ import annotations

import datetime as dt

from charity.cli import demo_data as data
from charity.cli.demo_desk import Cast, decide
from charity.disclosures import desk_queries, drafting, services
from charity.disclosures import queries as reports
from charity.jobs.bulk import make_report_files
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import services as people
from charity.people.kinds import Role
from charity.people.queries import Signed, as_person

_FIRST = """本期各募集单位通过网上捐赠和现场募集筹得善款，全部进入本机构账户，分账核算。

- 谁募集，谁使用：每一笔用款由募集单位申请，两个人审批。
- 已拨付的款项，使用凭据核对无误后才计为已核销。

本报告为演示数据。"""
_FIRST_EN = """Units raised gifts online and by hand; all of it is in the charity's own account.

- Whoever raises it uses it: each use is asked for by its unit and approved by two people.
- Money paid out counts as proved once its evidence was accepted.

This report is demonstration data."""
_SHORT = "本期为救灾募捐活动的募集和使用情况。"
_SECOND = """本期为救灾募捐活动的募集和使用情况。剩余款项留在各募集单位的分账，继续按募捐方案使用。

本报告为演示数据。"""
_SECOND_EN = """What the emergency campaign raised and used in this period.

What is left stays in the units' books and is used by the filed plan.

This report is demonstration data."""
_REASON = "补充说明剩余款项的处理"


def load_reports(cast: Cast) -> int:
    """The reports, once; how many were made. Opens its own units of work."""
    have = reports.published(limit=1).items
    db.session().rollback()
    if have:
        return 0
    discloser = _discloser()
    today = clock.today()
    starts = {data.SLUG: data.campaign().starts_on, data.EMERGENCY: data.emergency().starts_on}
    first = max(starts[data.SLUG], today - dt.timedelta(days=60))
    one = _begin(data.SLUG, first, today, discloser)
    _publish(one, cast, discloser, (_FIRST, _FIRST_EN, ""))
    first = starts[data.EMERGENCY]
    two = _begin(data.EMERGENCY, first, today, discloser)
    _publish(two, cast, discloser, (_SHORT, _SECOND_EN, ""))
    _publish(two, cast, discloser, (_SECOND, _SECOND_EN, _REASON))
    draft = _begin(data.GENERAL, data.general().starts_on, today, discloser)
    _write(draft, discloser, (_FIRST, _FIRST_EN, ""))
    return 3


def _discloser() -> Signed:
    known = people.find(f"{Role.DISCLOSER.value}@demo.invalid")
    found = as_person(known.person_id) if known else None
    assert found is not None, "no demo person who discloses"
    db.session().rollback()
    return found


def _begin(slug: str, first_on: dt.date, last_on: dt.date, by: Signed) -> str:
    with atomic():
        return services.begin(slug, first_on, max(first_on, last_on), by=by)


Texts = tuple[str, str, str]  # in Chinese, in English, why it corrects the version before


def _write(report: str, by: Signed, texts: Texts) -> None:
    body, body_en, reason = texts
    seen = desk_queries.desk_report(report).edits
    db.session().rollback()
    with atomic():
        services.write(report, body=body, body_en=body_en, reason=reason, seen=seen, by=by)


def _publish(report: str, cast: Cast, by: Signed, texts: Texts) -> None:
    """Written, frozen, its files made, checked and published, each by another."""
    _write(report, by, texts)
    prepared = drafting.prepare(report)
    db.session().rollback()
    with atomic():
        request = services.submit(prepared, by=by)
    make_report_files()
    for who in (cast.accountant, cast.manager):
        with atomic():
            decide(request, who)
