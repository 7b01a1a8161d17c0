"""What a special fund says about itself: management rules, committee, contact.

Rule: a text is never changed; a new one is published with the day it comes into force, and the
older ones stay readable.
"""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext as _
from sqlalchemy import func, insert, select

from charity.funds.campaign_texts import fit
from charity.funds.errors import PlanUnfit, UnknownFund
from charity.funds.kinds import FundText
from charity.funds.models import Fund, FundStatement
from charity.funds.trail import trail
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.ledger.services import Actor


def publish_statement(
    fund: str,
    kind: FundText,
    body: str,
    *,
    body_en: str = "",
    in_force_from: dt.date,
    actor: Actor | None = None,
) -> int:
    """Publish a text of the fund as its next version; return the version's number.

    Raises ``UnknownFund``, ``PlanUnfit`` (empty or too long).
    """
    require_atomic()
    if not body.strip():
        raise PlanUnfit([("body", "empty", _("请填写正文。"))])
    fit({"body": body, "body_en": body_en})
    session = db.session()
    fund_id = session.scalar(select(Fund.id).where(Fund.code == fund).with_for_update())
    if fund_id is None:
        raise UnknownFund
    last = session.scalar(
        select(func.max(FundStatement.version)).where(
            FundStatement.fund_id == fund_id, FundStatement.kind == kind.value
        )
    )
    version = (last or 0) + 1
    session.execute(
        insert(FundStatement).values(
            id=new_id(),
            fund_id=fund_id,
            kind=kind.value,
            version=version,
            body=body,
            body_en=body_en,
            in_force_from=in_force_from,
            published_at=clock.now(),
            by_name=actor.name if actor else "",
        )
    )
    after = {"kind": kind.value, "version": version, "in_force_from": in_force_from.isoformat()}
    trail(actor, "fund.stated", "fund", fund, after)
    return version
