"""People of every role, and requests between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from charity.approvals import delegations, queries, services
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.approvals.rules import RULES
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Grant, Signed
from tests.people import make_person

TOWN, COUNTY, ELSEWHERE = "GS-0003", "GS-0002", "GS-0009"
SCOPES = (TOWN, COUNTY)
#: What people of units ask for, within their unit and those above it.
OF_UNITS = frozenset({Kind.SLIP, Kind.APPLICATION})
FACTS: Mapping[str, object] = {"gift": "g1", "amount_fen": 1000, "why": ["错付", None, True]}


@dataclass(frozen=True)
class Cast:
    """One person for each role of the fund, a second manager and approver, people of units."""

    fund: dict[Role, Signed]
    manager2: Signed
    approver2: Signed
    clerk: Signed
    clerk2: Signed
    leader: Signed
    stranger: Signed

    @property
    def manager(self) -> Signed:
        return self.fund[Role.FUND_MANAGER]

    @property
    def approver(self) -> Signed:
        return self.fund[Role.APPROVER]

    @property
    def everyone(self) -> list[Signed]:
        others = (self.manager2, self.approver2, self.clerk, self.clerk2, self.leader)
        return [*self.fund.values(), *others, self.stranger]


def make_cast() -> Cast:
    """Opens its own unit of work."""
    with atomic():
        return Cast(
            fund={
                role: make_person(f"测试{role.value}", Grant(role)) for role in sorted(FUND_ROLES)
            },
            manager2=make_person("测试管理员乙", Grant(Role.FUND_MANAGER)),
            approver2=make_person("测试审批人乙", Grant(Role.APPROVER)),
            clerk=make_person("测试经办人甲", Grant(Role.UNIT_CLERK, TOWN)),
            clerk2=make_person("测试经办人乙", Grant(Role.UNIT_CLERK, TOWN)),
            leader=make_person("测试负责人", Grant(Role.UNIT_LEADER, COUNTY)),
            stranger=make_person("测试外单位负责人", Grant(Role.UNIT_LEADER, ELSEWHERE)),
        )


def another_account(signed: Signed) -> Signed:
    """The same person, signed in by another account."""
    return replace(signed, session_id="another", account_id="another")


def ask(
    by: Signed,
    kind: Kind = Kind.REFUND,
    subject: str = "g1",
    facts: Mapping[str, object] = FACTS,
    concerned: tuple[str, ...] = (),
) -> str:
    """Ask in a unit of work of its own; those of units lie in the town's scope."""
    with atomic():
        return services.request(
            kind,
            subject,
            facts,
            by=by,
            title=f"测试申请 {subject}",
            scopes=SCOPES if kind in OF_UNITS else (),
            concerned=concerned,
        )


def decide(request_id: str, by: Signed, approve: bool = True, reason: str = "") -> RequestView:
    """Decide in a unit of work of its own."""
    with atomic():
        return services.decide(request_id, by=by, approve=approve, reason=reason)


def use(request_id: str, facts: Mapping[str, object] = FACTS) -> None:
    """Use in a unit of work of its own."""
    with atomic():
        services.use(request_id, facts)


def hand_over(by: Signed, to: Signed, role: Role, scope: str | None = None, days: int = 7) -> str:
    """Delegate from today, in a unit of work of its own."""
    today = clock.today()
    with atomic():
        return delegations.delegate(
            role, scope, to.person_id, today, today + dt.timedelta(days=days - 1), by=by
        )


def status_of(request_id: str) -> str:
    """Where the request is now."""
    return queries.request(request_id).status.value


def asker_of(kind: Kind, cast: Cast) -> Signed:
    """Somebody who may ask for this."""
    return cast.clerk if kind in OF_UNITS else cast.fund[RULES[kind].ask[0]]


def decider_of(kind: Kind, cast: Cast) -> Signed:
    """Another who may decide it."""
    return cast.leader if kind is Kind.SLIP else cast.approver


def later(monkeypatch: pytest.MonkeyPatch, **by: int) -> None:
    """Let the time go on."""
    moved = clock.now() + dt.timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: moved)
