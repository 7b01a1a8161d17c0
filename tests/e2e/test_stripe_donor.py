"""A donor pays on a page of another host: the browser follows our form there, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from charity.kernel.db import db
from tests.conftest import make_database
from tests.factories import site as world
from tests.fakes.stripe.faults import Posting
from tests.fakes.stripe.server import FakeStripe, serving
from tests.live import Site, running
from tests.stripe_rig import KEY, SECRET, switch_on

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    """A fake Stripe of its own."""
    with serving(FakeStripe(key=KEY)) as made:
        yield made


@pytest.fixture
def live_stripe(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fake: FakeStripe,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    """Site and worker that take gifts by the fake, which doubles and shuffles what it tells."""
    monkeypatch.setenv("CHARITY_PAYMENT_PROVIDERS", "stripe,sandbox")
    monkeypatch.setenv("CHARITY_STRIPE_SECRET_KEY", KEY)
    monkeypatch.setenv("CHARITY_STRIPE_WEBHOOK_SECRETS", SECRET)
    monkeypatch.setenv("CHARITY_STRIPE_API_BASE", fake.url)
    for database in make_database("sqlite", request, tmp_path):
        with running(database, tmp_path / "live") as site:
            with site.app.app_context():
                world.build()
                switch_on()
                db.session.remove()
            posting = Posting(double_per_mille=1_000, delay_s=0.3)
            fake.connect(f"{site.base}/webhooks/stripe", SECRET, posting)
            yield site


def test_a_donor_pays_through_stripe_without_and_with_a_script(
    live_stripe: Site, fake: FakeStripe, browser: Browser
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            base_url=live_stripe.base,
            viewport={"width": 360, "height": 740},
            locale="zh-CN",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"/give/{world.OPEN}?unit={world.COUNTY}")
        page.locator("input[name=amount_choice][value='1']").check(force=True)
        page.locator("button[value=give]").click()
        # One yuan is below Stripe's least: the page says what to do instead.
        page.locator("#instead button[value=days-30]").click()
        page.wait_for_url(f"{fake.url}/c/pay/*")
        expect(page.locator("#amount")).to_have_text("¥30.00")
        page.locator("button[value=paid]").click()
        page.wait_for_url(f"{live_stripe.base}/payments/*")
        expect(page.locator("h1")).to_contain_text("谢谢您", timeout=30_000)
        expect(page.locator("#payment-status")).to_contain_text("¥30.00")
        context.close()
    assert len(fake.world.objects["charge"]) == 2
