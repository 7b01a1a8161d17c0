"""``charity receipts render`` in a process of its own, with drawing processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from charity.kernel.db import db
from charity.receipts import jobs
from tests.conftest import TestDatabase
from tests.factories import gifts, site


@pytest.mark.slow
def test_bulk_command(ctx: Flask, database: TestDatabase, tmp_path: Path) -> None:
    site.build()
    gifts.settled(*[gifts.person(f"捐赠人{n}") for n in range(3)])
    assert jobs.issue_receipts() == 3
    db.session().rollback()
    command = Path(sys.executable).parent / "charity"
    done = subprocess.run(
        [command, "receipts", "render", "--processes", "2"],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "CHARITY_DATA_DIR": str(tmp_path),
            "CHARITY_DATABASE_URL": database.url,
            "CHARITY_DATABASE_OWNER_URL": database.owner_url,
        },
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 receipts drawn\n"
    assert len(list((tmp_path / "files").rglob("*.pdf"))) == 3
