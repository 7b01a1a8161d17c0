"""The installation of the attempts in hand-written SQL, and the cases of each file of them."""

from __future__ import annotations

import pytest

from tests.integration.ledger.direct_rig import params
from tests.integration.ledger.direct_rig import rig as rig  # noqa: PLC0414 - a fixture


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``CASES`` of a test file, on the database its test is for."""
    if "sqlite_case" in metafunc.fixturenames:
        metafunc.parametrize("sqlite_case", params(metafunc.module.CASES, "sqlite"))
        metafunc.parametrize("rig", ["sqlite"], indirect=True)
    if "postgres_case" in metafunc.fixturenames:
        metafunc.parametrize("postgres_case", params(metafunc.module.CASES, "postgres"))
        metafunc.parametrize(
            "rig", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
        )
