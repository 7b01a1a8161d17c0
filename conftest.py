"""What holds for every test: with CI=true a skipped test is a failed test.

A test that is skipped where a database or a browser is missing helps a developer; on the machine
that decides whether a change is taken it would only hide what was not tried. Nor does an absolute
time prove anything on a shared machine: Hypothesis sets no deadline.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import hypothesis
import pytest

hypothesis.settings.register_profile("charity", deadline=None)
hypothesis.settings.load_profile("charity")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn "skipped" into "failed" when CI is set; an expected failure stays what it is."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although CI=true: {item.nodeid}: {report.longrepr}"
    return report
