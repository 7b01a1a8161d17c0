"""One human is one person, however many accounts: found by ID number, phone or address."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from charity.kernel.atomic import AtomicError, atomic
from charity.kernel.db import db
from charity.people import queries, roles, services
from charity.people.errors import (
    AlreadyGranted,
    MailUnfit,
    NameDiffers,
    NameUnfit,
    NotAManager,
    PersonLeft,
    TwoPersons,
    UnknownPerson,
)
from charity.people.kinds import Role
from charity.people.models import Person
from charity.people.queries import Grant, Signed
from charity.people.services import Added
from tests.people import letters_to, make_person, trail_of

ID, OTHER_ID = "11010519491231002X", "62010219900101002X"
PHONE, OTHER_PHONE = "13900001234", "13900005678"


def add(name: str = "张三", **details: str | None) -> Added:
    with atomic():
        return services.add_person(name, **details)  # type: ignore[arg-type]


def persons() -> int:
    return db.session().scalar(select(func.count()).select_from(Person)) or 0


def test_two_accounts_of_one_human_are_one_person(ctx: Flask) -> None:
    first = add(email="a@example.org", phone=PHONE, id_number=ID)
    by_id = add(email="b@example.org", id_number=ID.lower())
    by_phone = add(email="c@example.org", phone="+86 139-0000-1234")
    assert first.new_person
    assert not by_id.new_person
    assert {first.person_id} == {by_id.person_id, by_phone.person_id}
    assert len({first.account_id, by_id.account_id, by_phone.account_id}) == 3
    assert persons() == 1
    with atomic():
        roles.grant(first.person_id, Role.APPROVER, by=None)
        with pytest.raises(AlreadyGranted):
            roles.grant(by_phone.person_id, Role.APPROVER, by=None)
    assert [each.person_id for each in queries.holders([Role.APPROVER])] == [first.person_id]


def test_canary_without_the_indexes_one_human_would_be_two(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_known_as", lambda *_: set())
    add(email="a@example.org")
    assert add("李四", email="b@example.org").new_person
    # Even then the database refuses a second person with the same number.
    add("王五", email="c@example.org", id_number=ID)
    with pytest.raises(TwoPersons):
        add("王五", email="d@example.org", id_number=ID)


def test_the_other_addresses_are_told(ctx: Flask) -> None:
    first = add(email="a@example.org", phone=PHONE)
    add(email="b@example.org", phone=PHONE)
    assert len(letters_to("a@example.org")) == 1
    assert letters_to("b@example.org") == []
    assert trail_of(first.person_id) == ["person.account_added"] * 2


def test_the_same_details_again_change_nothing(ctx: Flask) -> None:
    first = add(email="a@example.org", phone=PHONE, id_number=ID)
    again = add(email="A@EXAMPLE.org", phone=PHONE, id_number=ID)
    assert (again.person_id, again.account_id) == (first.person_id, first.account_id)
    assert not again.new_account
    assert letters_to("a@example.org") == []


def test_a_phone_alone_is_an_identity(ctx: Flask) -> None:
    first = add(phone=PHONE)
    assert add(phone="139 0000 1234").account_id == first.account_id
    with pytest.raises(MailUnfit):
        add()


def test_what_points_to_two_persons_is_refused(ctx: Flask) -> None:
    add("张三", email="a@example.org", phone=PHONE, id_number=ID)
    add("李四", email="b@example.org", phone=OTHER_PHONE)
    for name, details in (
        ("张三", {"email": "c@example.org", "phone": OTHER_PHONE, "id_number": ID}),
        ("李四", {"email": "a@example.org", "phone": OTHER_PHONE}),
        ("张三", {"email": "c@example.org", "phone": PHONE, "id_number": OTHER_ID}),
    ):
        with pytest.raises(TwoPersons):
            add(name, **details)
    assert persons() == 2


def test_another_name_is_refused(ctx: Flask) -> None:
    add("张三", phone=PHONE, email="a@example.org")
    with pytest.raises(NameDiffers):
        add("李四", phone=PHONE, email="b@example.org")
    assert queries.persons() == []
    assert persons() == 1


def test_an_id_number_comes_later_and_joins_nobody_else(ctx: Flask) -> None:
    first = add("张三", phone=PHONE)
    second = add("李四", phone=OTHER_PHONE)
    with atomic():
        services.set_id_number(first.person_id, ID, by=None)
    with pytest.raises(TwoPersons), atomic():
        services.set_id_number(second.person_id, ID, by=None)
    with pytest.raises(TwoPersons), atomic():
        services.set_id_number(first.person_id, OTHER_ID, by=None)
    assert add("张三", email="x@example.org", id_number=ID).person_id == first.person_id


def test_only_a_manager_adds_people(ctx: Flask) -> None:
    with atomic():
        approver = make_person("审批人", Grant(Role.APPROVER))
    with pytest.raises(NotAManager), atomic():
        services.add_person("张三", email="a@example.org", by=approver)
    with pytest.raises(NotAManager), atomic():
        services.rename(approver.person_id, "别名", by=approver)
    with pytest.raises(AtomicError):
        services.add_person("张三", email="a@example.org")


def test_names_are_corrected_by_a_manager(ctx: Flask, manager: Signed) -> None:
    person = add("张三", email="a@example.org").person_id
    with atomic():
        services.rename(person, "张叁", by=manager)
    with pytest.raises(NameUnfit), atomic():
        services.rename(person, "张\u202e三", by=manager)
    with pytest.raises(UnknownPerson), atomic():
        services.rename("nobody", "张三", by=manager)
    with atomic():
        roles.grant(person, Role.UNIT_CLERK, "GS-1", by=None)
    assert queries.person(person) == queries.persons()[-1]
    assert queries.persons()[-1].name == "张叁"


def test_what_is_stored_is_sealed(ctx: Flask) -> None:
    add("张三", email="secret@example.org", phone=PHONE, id_number=ID)
    session = db.session()
    stored = (
        *session.execute(text("SELECT id_number, phone FROM people_person")).one(),
        *session.scalars(text("SELECT address FROM people_identity")),
    )
    assert len(stored) == 4
    for value in stored:
        for plain in (ID, PHONE, "secret"):
            assert plain.encode() not in bytes(value)


def test_views_are_masked(ctx: Flask) -> None:
    person = add("张三", email="secret@example.org", phone=PHONE, id_number=ID).person_id
    view = queries.person(person)
    assert view is not None
    assert view.mails == ("s***@example.org",)
    assert view.phone == "+86139****1234"
    assert view.has_id_number
    assert not view.has_second_factor
    assert PHONE not in repr(view)
    assert queries.person("nobody") is None


def test_who_left_is_not_added_again_by_accident(ctx: Flask) -> None:
    person = add("张三", email="a@example.org", phone=PHONE).person_id
    with atomic():
        roles.hand_over(person, None, by=None)
    for email in ("a@example.org", "b@example.org"):
        with pytest.raises(PersonLeft):
            add("张三", email=email, phone=PHONE)
