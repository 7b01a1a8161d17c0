"""``charity run``, ``charity web`` and ``charity worker``."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from types import FrameType

import click

from charity.cli.application import make_app, ready_app, settings
from charity.cli.demo_people import show_people
from charity.config import export_default
from charity.kernel import clock

BACKLOG = 1024
_PATIENCE_S = 15
# A child that dies sooner than this is started again only after a pause.
_HEALTHY_S = 10
_host = click.option("--host", default="127.0.0.1", show_default=True)
_port = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)


def _state_address(host: str, port: int) -> None:
    """Our own address, unless one is set: the sandbox delivers there, receipts print it."""
    if "base_url" not in settings().model_fields_set:
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - not bound here
        export_default("BASE_URL", f"http://{shown}:{port}")


@click.command()
@_host
@_port
def web(host: str, port: int) -> None:
    """The site alone."""
    from granian import Granian
    from granian.constants import Interfaces

    from charity.web.turns import THREADS

    _state_address(host, port)
    ready_app()
    Granian(
        "charity.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        log_access=False,
    ).serve()


@click.command()
def worker() -> None:
    """The worker alone."""
    from charity.jobs.worker import run as run_jobs

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    run_jobs(ready_app(), stop)


@click.command()
def watch() -> None:
    """Look after worker, checks, letters and backups; mail CHARITY_ALERT_TO when one stops."""
    from charity.jobs import alerts
    from charity.jobs.schedule import JOBS

    found = settings()
    if not found.alert_to:
        raise click.ClickException("CHARITY_ALERT_TO names nobody who could be told")
    app, stop = make_app(), threading.Event()  # it starts though the database is away
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    found.data_dir.mkdir(parents=True, exist_ok=True)
    teller = alerts.Teller(found.data_dir / "alerts.json")
    with app.app_context():
        while not stop.is_set():
            alerts.look(teller, {job.name: job.every for job in JOBS})
            stop.wait(alerts.EVERY_S)


@click.command()
@_host
@_port
def run(host: str, port: int) -> None:
    """Site and worker in one (and the watch, where somebody is to be told).

    Each is a child of its own, started again when it dies.
    """
    _state_address(host, port)
    show_people(ready_app())
    charity = [sys.executable, "-m", "charity"]
    commands = {
        "web": [*charity, "web", "--host", host, "--port", str(port)],
        "worker": [*charity, "worker"],
    }
    if settings().alert_to:
        commands["watch"] = [*charity, "watch"]
    _Parent(commands).watch()


class _Parent:
    """Keeps its children running until a signal, then ends them and itself."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self.commands = commands
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.started: dict[str, float] = {}
        self.stop = threading.Event()

    def watch(self) -> None:
        """Start the children, and again what dies."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            while not self.stop.is_set():
                for name in self.commands:
                    self._keep(name)
                self.stop.wait(0.5)
        finally:
            self._end()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop.set()

    def _keep(self, name: str) -> None:
        child = self.children.get(name)
        if child is not None and child.poll() is None:
            return
        if child is not None:
            click.echo(f"{name} ended with {child.returncode}; starting it again", err=True)
            lived = clock.monotonic() - self.started[name]
            if lived < _HEALTHY_S and self.stop.wait(1):
                return
        self.started[name] = clock.monotonic()
        # A group of its own: Ctrl-C reaches the parent alone, which then ends them in order.
        self.children[name] = subprocess.Popen(self.commands[name], start_new_session=True)

    def _end(self) -> None:
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
