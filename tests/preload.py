"""What our commands need as processes of their own, done once in the one they are forked from.

There is one such process for each process of the tests, so there is one list of what it loads.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from charity.app import create_app
from charity.config import RunMode, Settings
from charity.kernel import pdf

for _name in (
    "charity.cli", "charity.cli.backup", "charity.cli.doctor", "charity.cli.move",
    "charity.cli.restore", "charity.cli.serve", "charity.cli.startup", "charity.jobs.worker",
    "granian", "weasyprint", "tests.crashes.steps",
    "tests.apps",  # templates, too, are made into code once and not after each kill
):  # fmt: skip
    importlib.import_module(_name)

with tempfile.TemporaryDirectory() as _folder:
    create_app(
        Settings(mode=RunMode.DEVELOPMENT, data_dir=Path(_folder), secret_key="preload-" + "0" * 32)
    )
configure_mappers()
pdf.missing_glyphs("一")  # reads the fonts' tables
