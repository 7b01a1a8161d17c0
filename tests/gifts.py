"""Campaigns and gifts for tests, made through the services and the sandbox."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from charity.donations import jobs, queries, services
from charity.donations.kinds import BillWish, Display, EventType
from charity.donations.providers import sandbox
from charity.donations.services import Created, DonorDetails, GiftItem, GiftRequest
from charity.funds import services as funds
from charity.funds.kinds import CampaignStatus, UnitLevel
from charity.funds.services import CampaignFacts
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.ids import public_id
from charity.ledger import services as ledger

SLUG = "yiyuan"
OFFICE, COUNTY, TOWN = "GS-0001", "GS-0002", "GS-0003"


@dataclass(frozen=True)
class Place:
    """What ``make_place`` made: the books by unit code."""

    books: dict[str, int]
    own: int


def campaign_facts(**changes: object) -> CampaignFacts:
    """A whole plan, open all this year and the next."""
    today = clock.today()
    facts = CampaignFacts(
        slug=SLUG,
        name="测试一元捐",
        name_en="Test one-yuan giving",
        status=CampaignStatus.OPEN,
        filing_number="53620000TEST000001",
        platform_name="测试平台",
        platform_url="https://platform.example.org/yiyuan",
        starts_on=today - dt.timedelta(days=100),
        ends_on=today + dt.timedelta(days=100),
        purpose="帮助困难家庭。",
        purpose_en="Help families in difficulty.",
        area="甘肃省",
        beneficiaries="困难家庭",
        use_plan="谁募集谁使用。",
        cost_plan="不提取管理费。",
        leftover="用于同类项目。",
        person_in_charge="测试负责人",
        contact_phone="0931-0000000",
        contact_address="兰州市",
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def make_place() -> Place:
    """A fund, a tree of three units, one open campaign. Opens its own units of work."""
    with atomic():
        funds.create_fund("aixin", "测试专项基金", "Test special fund")
        parent = None
        for code, name, level in (
            (OFFICE, "测试省办", UnitLevel.PROVINCE),
            (COUNTY, "测试县", UnitLevel.COUNTY),
            (TOWN, "测试镇", UnitLevel.TOWN),
        ):
            funds.create_unit(
                code, name, f"Test {level.value}", level=level,
                area_code="620000", area_name="甘肃省", parent=parent,
            )  # fmt: skip
            parent = code
        funds.create_campaign("aixin", campaign_facts(), office=OFFICE)
        books = {COUNTY: funds.admit_unit(SLUG, COUNTY), TOWN: funds.admit_unit(SLUG, TOWN)}
        own = ledger.own_book()
    from charity.funds.queries import place

    office = place(SLUG, OFFICE)
    assert office is not None
    return Place({OFFICE: office.book_id, **books}, own)


def request(
    *items: tuple[str | None, int], key: str | None = None, **changes: object
) -> GiftRequest:
    """A request for gifts of (unit, fen)."""
    made = GiftRequest(
        key=key or public_id(),
        items=tuple(GiftItem(SLUG, unit, fen) for unit, fen in items),
        donor=DonorDetails(name="张三", email="zhang@example.org", display=Display.MASKED),
        provider="sandbox",
        receipt=True,
        bill_wish=BillWish.WAIVED,
        channel="api",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def create(*items: tuple[str | None, int], **changes: object) -> Created:
    """An intent, committed and started."""
    with atomic():
        made = services.create_intent(request(*items, **changes))  # type: ignore[arg-type]
    services.start(made.payment.id)
    return made


def reference(payment_id: str) -> str:
    """The provider's reference of a started payment."""
    found = queries.payment_by_id(payment_id).provider_reference
    assert found is not None
    return found


def body(
    created: Created,
    event_type: EventType | str = EventType.PAID,
    /,
    *,
    event_id: str | None = None,
    **changes: object,
) -> bytes:
    """An event of the sandbox about a payment, with parts changed as named."""
    ref = reference(created.payment.id)
    kind = event_type if isinstance(event_type, EventType) else EventType.PAID
    made = json.loads(
        sandbox.body_of(
            kind,
            event_id=event_id or f"evt_{public_id()}",
            reference=ref,
            amount_fen=created.payment.amount_fen,
            at=clock.now(),
        )
    )
    made["type"] = str(event_type)
    for name, value in changes.items():
        (made["data"] if name in made["data"] else made)[name] = value
    return json.dumps(made).encode()


def tell(*raws: bytes) -> None:
    """Put events into the inbox, as the webhook does."""
    with atomic():
        for raw in raws:
            inbox.store("sandbox", "sandbox", json.loads(raw)["id"], raw)


def settle() -> int:
    """Settle everything that is due and number it."""
    handled = 0
    while done := jobs.settle_inbox():
        handled += done
    number()
    return handled


def number() -> None:
    """Number every entry."""
    while True:
        with atomic():
            if not ledger.sequence():
                return


def give(*items: tuple[str | None, int], **changes: object) -> Created:
    """A gift from intent to numbered entry."""
    made = create(*items, **changes)
    tell(body(made))
    settle()
    return made


def give_many(count: int, units: Sequence[str] = (OFFICE, COUNTY, TOWN), fen: int = 100) -> None:
    """Many gifts asked for and paid, waiting in the inbox."""
    with atomic():
        ids = services.create_many(
            [request((units[i % len(units)], fen), donor=DonorDetails()) for i in range(count)]
        )
        sessions = [(i, f"sbx_{public_id(20)}", "http://127.0.0.1/pay") for i in ids]
        services.record_started(sessions)
        inbox.store_many(
            "sandbox",
            "sandbox",
            [
                (
                    f"evt_{ref}",
                    sandbox.body_of(
                        EventType.PAID, event_id=f"evt_{ref}", reference=ref,
                        amount_fen=fen, at=clock.now(),
                    ),
                )
                for _, ref, _ in sessions
            ],
        )  # fmt: skip
