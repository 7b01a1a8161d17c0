"""The verbs of parameters: ask for another figure, and enter it once another person agreed."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

from sqlalchemy import insert, select

from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.audit.services import record
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.parameters import queries, rules
from charity.parameters.errors import DayTaken, NothingChanges
from charity.parameters.models import Parameter
from charity.parameters.rules import Wanted
from charity.people.queries import Signed


def ask(
    key: str,
    value: int,
    valid_from: dt.date,
    *,
    source: str,
    note: str = "",
    doubtful: bool = False,
    by: Signed,
) -> str:
    """Ask for ``value`` (in the unit of the catalogue) from a day after today on.

    Returns the public id of the request; nothing changes until another person agrees. Raises
    ``NoSuchFigure``, ``OutOfBounds``, ``TooEarly``, ``SourceNeeded``, ``SourceTooLong``,
    ``DayTaken``, ``NothingChanges``, and what ``approvals.services.request`` raises.
    """
    require_atomic()
    wanted = Wanted(key, value, valid_from, source.strip(), note.strip(), doubtful)
    rules.check(wanted, today=clock.today())
    _refuse_taken(wanted)
    before = queries.in_force(key, valid_from)
    asked = (wanted.value, wanted.source, wanted.doubtful)
    if before is not None and (before.value, before.source, before.doubtful) == asked:
        raise NothingChanges
    return approvals.request(
        Kind.PARAMETER,
        key,
        _facts(wanted),
        by=by,
        title=f"变更参数：{rules.known(key).label}",
        note=note,
    )


def enter(view: RequestView, _by: Signed) -> None:
    """Enter the figure of an approved request; the effect of ``Kind.PARAMETER``.

    The figure that held when it was asked for must hold still. Raises ``TooEarly`` when the day has
    come in the meantime, ``DayTaken``, and what ``approvals.services.use`` raises.
    """
    require_atomic()
    facts = view.facts
    wanted = Wanted(
        key=facts["key"],
        value=facts["value"],
        valid_from=dt.date.fromisoformat(facts["valid_from"]),
        source=facts["source"],
        note=facts["note"],
        doubtful=facts["doubtful"],
    )
    rules.check(wanted, today=clock.today())
    _refuse_taken(wanted)
    signature = approvals.use(view.id, _facts(wanted))
    db.session().execute(
        insert(Parameter).values(
            id=new_id(),
            **asdict(wanted),
            approval_id=view.id,
            first_person_id=signature.first_person_id,
            second_person_id=signature.second_person_id,
            approved_hash=signature.approved_hash,
            entered_at=clock.now(),
        )
    )
    record(
        "parameter.entered",
        "parameter",
        wanted.key,
        actor_id=view.requested_by.id,
        actor_name=view.requested_by.name,
        before={"value": facts["before"]},
        after={"value": wanted.value, "valid_from": facts["valid_from"], "approval": view.id},
    )


def _facts(wanted: Wanted) -> dict[str, object]:
    """All that is agreed to, with the figure it follows as that stands now."""
    before = queries.in_force(wanted.key, wanted.valid_from)
    figure = rules.known(wanted.key)
    return {
        **asdict(wanted),
        "valid_from": wanted.valid_from.isoformat(),
        "label": figure.label,
        "unit": figure.unit.value,
        "before": before.value if before is not None else None,
    }


def _refuse_taken(wanted: Wanted) -> None:
    taken = select(Parameter.id).where(
        Parameter.key == wanted.key, Parameter.valid_from == wanted.valid_from
    )
    if db.session().scalar(taken) is not None:
        raise DayTaken(field="valid_from")
