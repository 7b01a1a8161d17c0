"""``charity demo load``: a synthetic province.

Everything goes through the services, the inbox and the worker's own batch verb, five thousand
gifts a transaction; there is no other way in. The same seed gives the same gifts, and a second
run adds only what is missing.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from charity.cli import demo_data as data
from charity.cli import demo_desk, demo_units
from charity.cli.application import ready_app
from charity.cli.demo_back import load_back
from charity.cli.demo_hand import load_by_hand
from charity.cli.demo_people import load_people
from charity.cli.demo_reports import load_reports
from charity.cli.demo_uses import load_uses
from charity.config import RunMode, Settings
from charity.donations import queries, services
from charity.donations.kinds import BillWish, Display, EventType
from charity.donations.providers import sandbox
from charity.donations.services import DonorDetails, GiftItem, GiftRequest
from charity.funds import queries as fund_queries
from charity.funds import services as funds
from charity.funds.kinds import FundText, UnitLevel
from charity.funds.statements import publish_statement
from charity.jobs.bulk import follow_all, settle_all
from charity.kernel import clock, files, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger.services import Actor

BATCH = 5_000
CHANNEL = "demo"
_ACTOR = Actor("demo", "演示数据")
_DAYS = 60


@click.group()
def demo() -> None:
    """Synthetic data for trying things out."""


@demo.command()
@click.option("--gifts", type=click.IntRange(0, 10_000_000), default=400, show_default=True)
@click.option("--seed", type=int, default=20230512, show_default=True)
def load(gifts: int, seed: int) -> None:
    """Load the synthetic province with so many gifts. Safe to repeat; refuses in production."""
    app = ready_app()
    settings: Settings = app.extensions["charity.settings"]
    if settings.mode is RunMode.PRODUCTION:
        raise click.ClickException("demo data is not for production")
    with app.app_context():
        load_places()
        load_people()
        load_gifts(gifts, seed, say=click.echo)
        load_story(seed, settings.payment_providers)
        load_reports(demo_desk.cast())
        db.session.remove()


def load_places() -> None:
    """The charity, its fund, its campaigns and units, a little interest; once."""
    if fund_queries.charity() is not None:
        return
    agreement = files.store().put(demo_units.agreement(), ".png")
    with atomic():
        funds.set_charity(data.CHARITY, actor=_ACTOR)
        funds.create_fund(*data.FUND, actor=_ACTOR)
        demo_units.register(_ACTOR)
        for facts in (data.campaign(), data.general(), data.emergency()):
            funds.create_campaign(data.FUND[0], facts, office=data.OFFICE, actor=_ACTOR)
        for kind, (body, body_en) in (
            (FundText.RULES, data.RULES),
            (FundText.COMMITTEE, data.COMMITTEE),
            (FundText.CONTACT, data.CONTACT),
        ):
            publish_statement(
                data.FUND[0], kind, body, body_en=body_en,
                in_force_from=data.campaign().starts_on, actor=_ACTOR,
            )  # fmt: skip
        for slug in (data.SLUG, data.GENERAL, data.EMERGENCY):
            demo_units.admit(slug, _raising_in(slug), agreement, _ACTOR)


def load_story(seed: int, providers: Sequence[str]) -> None:
    """What people did by hand: cash, bank lines, suspense, refunds, corrections, a switch; once."""
    people = demo_desk.cast()
    for provider in providers:
        demo_desk.switch_on(people, (data.SLUG, data.GENERAL), provider)
    load_by_hand(people, seed)
    load_uses(people)
    load_back(people, seed)
    settle_all(BATCH)
    follow_all()


def _raising_in(slug: str) -> list[str]:
    """The units that raise in a campaign, without the office, which is there from the start."""
    stations = (UnitLevel.PREFECTURE, UnitLevel.COUNTY)
    chosen = {
        data.SLUG: [*data.UNITS],
        data.GENERAL: [unit for unit in data.UNITS if unit.level in stations],
        data.EMERGENCY: [unit for unit in data.UNITS if unit.area_code.startswith("6229")],
    }[slug]
    return [unit.code for unit in chosen if unit.code != data.OFFICE]


def load_gifts(wanted: int, seed: int, say: Callable[[str], object] | None = None) -> int:
    """Gifts up to ``wanted``, settled and numbered; how many were added."""
    have = queries.count_of_channel(CHANNEL)
    db.session().rollback()
    added = 0
    while have + added < wanted:
        count = min(BATCH, wanted - have - added)
        first = have + added
        _ask_and_pay([_request(seed, first + i) for i in range(count)], seed, first)
        settle_all(BATCH)
        added += count
        if say is not None and wanted > BATCH:
            say(f"{have + added:,} of {wanted:,} gifts")
    settle_all(BATCH)
    follow_all()
    return added


def _ask_and_pay(requests: Sequence[GiftRequest], seed: int, first: int) -> None:
    """Intents, their sandbox references, and the events that say they were paid."""
    now = clock.now()
    with atomic():
        ids = services.create_many(requests)
        sessions = [
            (payment_id, f"sbx_demo{seed}x{first + i}", sandbox.pay_url(f"demo{first + i}"))
            for i, payment_id in enumerate(ids)
        ]
        services.record_started(sessions)
        events = []
        for (_, reference, _), request in zip(sessions, requests, strict=True):
            body = sandbox.body_of(
                EventType.PAID,
                event_id=f"evt_{reference}",
                reference=reference,
                amount_fen=sum(item.amount_fen for item in request.items),
                at=now - _before(request.key),
            )
            events.append((f"evt_{reference}", body))
        inbox.store_many(sandbox.NAME, sandbox.ACCOUNT, events)


def _before(key: str) -> dt.timedelta:
    """How long ago the gift of this key was paid: up to two months, fewer the longer ago."""
    chance = random.Random(f"when {key}")  # noqa: S311 - made-up data, the same each time
    return dt.timedelta(minutes=int(min(chance.expovariate(6), 1) * _DAYS * 24 * 60))


def _request(seed: int, number: int) -> GiftRequest:
    """Gift ``number`` of this seed."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - made-up data, the same each time
    unit = chance.choice(data.UNITS)
    teams = demo_units.teams_of(unit.code)
    team = chance.choice(teams).code if teams and chance.random() < 0.5 else None
    near = unit.level in (UnitLevel.PREFECTURE, UnitLevel.COUNTY)
    slug = data.GENERAL if near and chance.random() < 0.3 else data.SLUG
    fen = chance.choices([fen for fen, _ in data.AMOUNTS], [w for _, w in data.AMOUNTS])[0]
    named = chance.random() < 0.7
    donor = DonorDetails()
    if named:
        name = data.donor_name(chance)
        donor = DonorDetails(name=name, email=f"donor{chance.randrange(10**6)}@demo.invalid")
    kind = chance.choices(list(Display), [80, 10, 10])[0]
    return GiftRequest(
        key=f"{seed}-{number}",
        items=(GiftItem(slug, unit.code, fen, team),),
        donor=replace(donor, display=kind),
        message=chance.choice(data.MESSAGES) if chance.random() < 0.1 else None,
        provider=sandbox.NAME,
        receipt=named and chance.random() < 0.3,
        bill_wish=BillWish.WAIVED if named else BillWish.ANONYMOUS,
        channel=CHANNEL,
    )
