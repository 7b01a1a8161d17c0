"""A small province for benchmarks, and gifts that wait in the inbox to be settled."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from charity.donations import services
from charity.donations.kinds import BillWish, Display, EventType
from charity.donations.providers import sandbox
from charity.donations.services import DonorDetails, GiftItem, GiftRequest
from charity.funds import services as funds
from charity.funds.kinds import CampaignStatus, UnitLevel
from charity.funds.services import CampaignFacts, CharityFacts
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.ids import public_id
from charity.ledger import services as ledger

SLUG = "bench"
UNITS = tuple(f"BM-{number:04d}" for number in range(1, 25))
_BATCH = 2_000


def found() -> None:
    """A charity, a fund, an open campaign, and units that raise in it."""
    today = clock.today()
    with atomic():
        funds.set_charity(
            CharityFacts(
                name="测试基金会", name_en="Test foundation", uscc="53620000TEST000001",
                certificate="TEST", address="兰州市", phone="0931-0000000",
                email="test@example.org", icp="TEST", handler="测试经办人",
            )
        )  # fmt: skip
        funds.create_fund("bench", "测试专项基金", "Test fund")
        for number, code in enumerate(UNITS):
            funds.create_unit(
                code, f"测试单位{number}", f"Test unit {number}",
                level=UnitLevel.COUNTY if number else UnitLevel.PROVINCE,
                area_code="620000", area_name="甘肃省", parent=UNITS[0] if number else None,
            )  # fmt: skip
        funds.create_campaign(
            "bench",
            CampaignFacts(
                slug=SLUG, name="测试活动", name_en="Test campaign", status=CampaignStatus.OPEN,
                filing_number="53620000TEST000001", platform_name="测试平台",
                platform_url="https://platform.example.org/", purpose="测试", purpose_en="Test",
                starts_on=today - dt.timedelta(days=9), ends_on=today + dt.timedelta(days=9),
                area="甘肃省", beneficiaries="测试", use_plan="测试", cost_plan="测试",
                leftover="测试", person_in_charge="测试", contact_phone="0931-0000000",
                contact_address="兰州市",
            ),
            office=UNITS[0],
        )  # fmt: skip
        for code in UNITS[1:]:
            funds.admit_unit(SLUG, code)
        ledger.own_book()


def _request(unit: str, draw: random.Random) -> GiftRequest:
    # Two in five give a name and a way to reach them; each of these wants a receipt.
    named = draw.random() < 0.4
    number = draw.randrange(10**6)
    donor = DonorDetails(name=f"张{number}", email=f"d{number}@example.org", display=Display.MASKED)
    return GiftRequest(
        key=public_id(),
        items=(GiftItem(SLUG, unit, draw.choice((100, 1_000, 5_000, 10_000))),),
        donor=donor if named else DonorDetails(),
        provider="sandbox",
        receipt=named,
        bill_wish=BillWish.WAIVED,
        channel="api",
    )


def ask(units: Sequence[str], draw: random.Random) -> list[tuple[str, bytes]]:
    """Intents and gifts, one for each of ``units``, asked and started; their paid events."""
    requests = [_request(unit, draw) for unit in units]
    events = []
    with atomic():
        payments = services.create_many(requests)
        sessions = [(each, f"sbx_{public_id(20)}", "http://127.0.0.1/pay") for each in payments]
        services.record_started(sessions)
        for (_, reference, _), request in zip(sessions, requests, strict=True):
            event_id = f"evt_{public_id(24)}"
            raw = sandbox.body_of(
                EventType.PAID,
                event_id=event_id,
                reference=reference,
                amount_fen=request.items[0].amount_fen,
                at=clock.now(),
            )
            events.append((event_id, raw))
    return events


def fill_inbox(count: int, *, hot: float, draw: random.Random) -> None:
    """``count`` paid gifts waiting in the inbox; the share ``hot`` of them is for one unit."""
    for start in range(0, count, _BATCH):
        units = [
            UNITS[1] if draw.random() < hot else draw.choice(UNITS)
            for _ in range(min(_BATCH, count - start))
        ]
        events = ask(units, draw)
        with atomic():
            inbox.store_many("sandbox", "sandbox", events)
