"""Invitations by a list: all of it taken or none."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import invitations, queries, rosters, services, signing
from charity.people.errors import ListUnfit, NotAManager, ScopeUnfit
from charity.people.kinds import Role
from charity.people.models import Person, RoleGrant
from charity.people.queries import Grant, Signed
from tests.people import GOOD_ROW as GOOD
from tests.people import but, links_sent, make_person, sheet, trail_of


def known(role: Role, code: str) -> bool:
    return code.startswith("GS-")


def people() -> tuple[int, int]:
    session = db.session()
    counts = [
        session.scalar(select(func.count()).select_from(each)) for each in (Person, RoleGrant)
    ]
    session.rollback()
    return counts[0] or 0, counts[1] or 0


def test_a_list_is_invited(manager: Signed) -> None:
    rows = rosters.read(
        sheet(GOOD, but(4, "GS-2"), ["李四", "b@example.org", "13900005678", "审批人", None])
    )
    with atomic():
        done = invitations.invite_all(rows, by=manager, scope_known=known)
    assert len(done) == 2
    assert people() == (3, 4)
    person = queries.person(done[0].person_id)
    assert person is not None
    assert person.grants == (Grant(Role.UNIT_CLERK, "GS-1"), Grant(Role.UNIT_CLERK, "GS-2"))
    assert len(links_sent("a@example.org")) == 1
    signed = signing.with_link(links_sent("a@example.org")[0]).signed
    assert signed.person_id == done[0].person_id
    assert "person.invited" in trail_of(done[0].person_id)
    # The same list again: everyone has the role already.
    with pytest.raises(ListUnfit) as again, atomic():
        invitations.invite_all(rows, by=manager, scope_known=known)
    assert [number for number, _ in again.value.rows] == [2, 3, 4]


def test_one_wrong_row_invites_nobody(manager: Signed) -> None:
    with atomic():
        services.add_person("王五", email="w@example.org", phone="13900007777")
    before = people()
    rows = rosters.read(
        sheet(
            GOOD,
            ["赵六", "z@example.org", "13900007777", "审批人", None],
            ["李四", "b@example.org", "13900005678", "出纳", None],
            ["李四", "b@example.org", "13900005678", "会计", None],
            ["孙七", "s@example.org", "13900006666", "募集负责人", "NOWHERE"],
            ["周八", "c@example.org", "13900005555", "审批人", None],
        )
    )
    with pytest.raises(ListUnfit) as refused, atomic():
        invitations.invite_all(rows, by=manager, scope_known=known)
    assert [number for number, _ in refused.value.rows] == [3, 5, 6]
    assert refused.value.rows[1][1] == "出纳与会计不能由同一人担任。"
    assert [field for field, _, _ in refused.value.details()] == ["3", "5", "6"]
    assert people() == before
    assert links_sent("a@example.org") == []


def test_only_managers_invite(manager: Signed) -> None:
    rows = rosters.read(sheet(GOOD))
    with atomic():
        approver = make_person("测试审批", Grant(Role.APPROVER))
    with pytest.raises(NotAManager), atomic():
        invitations.invite_all(rows, by=approver)
    with pytest.raises(ScopeUnfit), atomic():
        invitations.invite(
            "张三", [Grant(Role.UNIT_CLERK, "NOWHERE")], email="a@example.org",
            phone="13900001234", by=manager, scope_known=known,
        )  # fmt: skip
    assert queries.holders([Role.UNIT_CLERK], ["NOWHERE"]) == []
