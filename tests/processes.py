"""Our commands as processes of their own, each forked from one that has everything loaded."""

from __future__ import annotations

import multiprocessing

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.preload"])
