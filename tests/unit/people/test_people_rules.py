"""Names, passwords, roles, pauses and addresses: what may be and what is refused."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest

from charity.kernel.errors import RuleBroken
from charity.people import passwords, rules
from charity.people.channels import mask_address, normal_address, normal_id_number
from charity.people.errors import (
    CashierOrAccountant,
    IdNumberUnfit,
    MailUnfit,
    NameUnfit,
    PasswordCommon,
    PasswordLong,
    PasswordShort,
    PhoneUnfit,
    ScopeUnfit,
    SupervisorDecides,
)
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Channel, Role, Tried
from charity.people.signed import Grant, Signed

NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("张三", "张三"),
        ("  张  三 ", "张 三"),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("𠮷田𬙂", "𠮷田𬙂"),
        ("㛃", "㛃"),
        ("Zoë", "Zoë"),
        (unicodedata.normalize("NFD", "Zoë"), "Zoë"),
        ("བསྟན་འཛིན", "བསྟན་འཛིན"),
        ("O'Neill-Smith", "O'Neill-Smith"),
    ],
)
def test_names_of_people(given: str, kept: str) -> None:
    assert rules.fit_name(given) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "张\u200b三",
        "张\u202e三",
        "\u200f张三",
        "张\u2066三",
        "张\x00三",
        "张\n三",
        "张\ufeff三",
        "张\ud800",
        "a" + "\u0301" * 100,
        "张三" * 31,
        "12345",
        "张" * 100_000,
        "张三\ue000",
    ],
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(NameUnfit):
        rules.fit_name(name)


def test_one_name_in_two_spellings() -> None:
    assert rules.same_name("买买提·吐尔逊", "买买提•吐尔逊 ")
    assert rules.same_name("ZHANG San", "zhang　san")
    assert not rules.same_name("张三", "张三丰")


@pytest.mark.parametrize(
    "password", ["竹篮打水一场空留下月亮", "correct horse battery", "k3-Vt9_pQx2m"]
)
def test_passwords_that_may_be_used(password: str) -> None:
    assert passwords.fit(password, "张三", "zhang@example.org") == password


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("short9Ab", PasswordShort),
        ("", PasswordShort),
        ("x7" * 101, PasswordLong),
        ("password123", PasswordCommon),
        ("P@$$word2026!", PasswordCommon),
        ("1234567890", PasswordCommon),
        ("woaini1314", PasswordCommon),
        ("qwertyuiop", PasswordCommon),
        ("1qaz2wsx3edc", PasswordCommon),
        ("aaaaaaaaaaaa", PasswordCommon),
        ("zhangwenhui1", PasswordCommon),
        ("zhangwenhui@example.org", PasswordCommon),
        ("１２３４５６７８９０", PasswordCommon),
    ],
)
def test_passwords_that_are_tried_first(password: str, error: type[RuleBroken]) -> None:
    with pytest.raises(error):
        passwords.fit(password, "张文慧", "zhangwenhui@example.org")


def test_cashier_and_accountant_are_two_people() -> None:
    for held, role in ((Role.CASHIER, Role.ACCOUNTANT), (Role.ACCOUNTANT, Role.CASHIER)):
        with pytest.raises(CashierOrAccountant):
            rules.fit_roles({held}, role)
    rules.fit_roles({Role.CASHIER}, Role.APPROVER)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SUPERVISOR, Role.ORGANIZATION_MANAGER}))
def test_who_supervises_decides_nothing(role: Role) -> None:
    with pytest.raises(SupervisorDecides):
        rules.fit_roles({role}, Role.SUPERVISOR)
    with pytest.raises(SupervisorDecides):
        rules.fit_roles({Role.SUPERVISOR}, role)


def test_a_scope_belongs_to_its_role() -> None:
    for role in Role:
        if role in FUND_ROLES:
            assert rules.fit_scope(role, None) is None
            with pytest.raises(ScopeUnfit):
                rules.fit_scope(role, "GS-0001")
        else:
            assert rules.fit_scope(role, "GS-0001") == "GS-0001"
            for scope in (None, "", "../x", "-a", "x" * 65):
                with pytest.raises(ScopeUnfit):
                    rules.fit_scope(role, scope)


def test_holds() -> None:
    grants = (Grant(Role.APPROVER), Grant(Role.UNIT_CLERK, "B"), Grant(Role.UNIT_LEADER, "C"))
    signed = Signed("s", "a", "p", "某", grants, None)
    assert signed.holds(Role.APPROVER)
    assert signed.holds({Role.CASHIER, Role.APPROVER})
    assert not signed.holds(Role.CASHIER)
    assert signed.holds(Role.UNIT_CLERK, ("D", "B", "A"))
    assert not signed.holds(UNIT_ROLES)
    assert not signed.holds(Role.UNIT_CLERK, ("C", "A"))
    assert signed.scopes_of(*UNIT_ROLES) == {"B", "C"}
    # A unit's role without a unit, should one ever be stored, opens nothing.
    assert not Signed("s", "a", "p", "某", (Grant(Role.UNIT_CLERK),), None).holds(UNIT_ROLES, "B")


def test_pauses_grow_and_end() -> None:
    for patience in rules.PATIENCE.values():
        pauses = [rules.pause_after(failures, patience).total_seconds() for failures in range(200)]
        assert pauses[: patience.free + 1] == [0] * (patience.free + 1)
        assert pauses[patience.free + 1] == 2
        assert pauses == sorted(pauses)
        assert max(pauses) == patience.longest_s <= 900
    assert rules.PATIENCE[Tried.SOURCE].free > rules.PATIENCE[Tried.ACCOUNT].free


def test_sessions_end_by_idleness_and_by_age() -> None:
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    assert rules.alive(NOW - 11 * hour, NOW - hour, NOW, staff=True)
    assert not rules.alive(NOW - 3 * hour, NOW - 2 * hour, NOW, staff=True)
    assert not rules.alive(NOW - 12 * hour, NOW, NOW, staff=True)
    assert rules.alive(NOW - 20 * day, NOW - 13 * day, NOW, staff=False)
    assert not rules.alive(NOW - 60 * day, NOW, NOW, staff=False)


@pytest.mark.parametrize(
    ("channel", "given", "kept", "masked"),
    [
        (Channel.MAIL, " Zhang.San@Example.ORG ", "zhang.san@example.org", "z***@example.org"),
        (Channel.MAIL, "a＠example.org", "a@example.org", "a***@example.org"),
        (Channel.PHONE, "138 0000 1234", "+8613800001234", "+86138****1234"),
        (Channel.PHONE, "１３８００００１２３４", "+8613800001234", "+86138****1234"),
        (Channel.PHONE, "+86-138-0000-1234", "+8613800001234", "+86138****1234"),
        (Channel.PHONE, "0931-8888888", "+869318888888", "+8693****8888"),
    ],
)
def test_addresses_in_one_spelling(channel: Channel, given: str, kept: str, masked: str) -> None:
    assert normal_address(channel, given) == kept
    assert mask_address(channel, kept) == masked


@pytest.mark.parametrize(
    "address", ["", "x", "a@b", "a b@example.org", "a@example.org\nBcc: b@example.org", "a" * 500]
)
def test_mail_addresses_that_are_none(address: str) -> None:
    with pytest.raises(MailUnfit):
        normal_address(Channel.MAIL, address)


@pytest.mark.parametrize(
    "phone", ["", "1", "12345678901", "abc", "1380000123", "138000012345 ext 5"]
)
def test_phones_that_are_none(phone: str) -> None:
    with pytest.raises(PhoneUnfit):
        normal_address(Channel.PHONE, phone)


def test_identity_card_numbers() -> None:
    assert normal_id_number(" 11010519491231002x ") == "11010519491231002X"
    for wrong in ("110105194912310021", "11010519491331002X", "", "1" * 18, "x" * 1000):
        with pytest.raises(IdNumberUnfit):
            normal_id_number(wrong)
