"""What every process of the rig needs, done once in the one that the others are forked from."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import configure_mappers

from charity.app import create_app
from charity.config import RunMode, Settings

# Templates, too, are made into code once and not after each kill.
_cache = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="templates-"))
Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _cache}

for _name in (
    "charity.jobs.worker", "charity.kernel.pdf", "charity.cli", "charity.cli.serve",
    "charity.cli.startup", "granian", "tests.crashes.steps",
):  # fmt: skip
    importlib.import_module(_name)

with tempfile.TemporaryDirectory() as _folder:
    create_app(
        Settings(mode=RunMode.DEVELOPMENT, data_dir=Path(_folder), secret_key="preload-" + "0" * 32)
    )
configure_mappers()
