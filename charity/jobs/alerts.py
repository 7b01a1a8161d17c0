"""Mail to the operator when something stopped, and again when it is well.

Rule: who looks is another process than what may have stopped: ``charity watch`` looks at the
worker, its jobs, the letters, the events and the backups; the worker (job ``watch-lives``) looks
at the watch. Letters go straight to the mail server, not through the outbox, whose worker may be
what stopped. One letter for an incident, however long it lasts and however often the watch is
started again: what was told lies in a small file of the data folder, not in a database that may
be away.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from charity.config import RunMode, Settings
from charity.kernel import clock, heartbeat, inbox, outbox, readiness
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.heartbeat import Run
from charity.kernel.ids import public_id
from charity.kernel.mail import MAIL, Letter, NotDelivered, channel

WATCH, BACKUP, CHECK, WORKER, DATABASE = "watch", "backup", "check", "worker", "database"
EVERY_S = 30
# The worker says every half minute that it lives.
WORKER_SILENT = dt.timedelta(minutes=3)
WATCH_SILENT = dt.timedelta(minutes=5)
LETTERS_WAIT = dt.timedelta(minutes=30)
# A provider or a mail server may be away for a moment; that is no incident yet.
FAILS_FOR = dt.timedelta(minutes=10)
# Jobs of one lane wait for each other, and some list thirty days of events.
_SLACK = dt.timedelta(minutes=15)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not well: a name that stays, a sentence, and how long it may last first."""

    name: str
    sentence: str
    patience: dt.timedelta = dt.timedelta(0)


def found(jobs: Mapping[str, float]) -> list[Trouble]:
    """Everything the watch finds wrong now; ``jobs`` run every so many seconds.

    Inside an application context.
    """
    try:
        runs = {run.name: run for run in heartbeat.all_runs()}
        troubles = [*_worker(runs, jobs), *_backup(runs), *_queues()]
        db.session.remove()
    except SQLAlchemyError as error:
        db.session.remove()
        _log.warning("watch.database", kind=type(error).__name__)
        return [Trouble(DATABASE, _("数据库无法访问。"), dt.timedelta(minutes=1))]
    return troubles


def _worker(runs: dict[str, Run], jobs: Mapping[str, float]) -> list[Trouble]:
    now = clock.now()
    mine = [runs[name] for name in jobs if name in runs]
    if not mine or now - max(run.finished for run in mine) > WORKER_SILENT:
        # One letter for all: no job runs when nobody runs them.
        return [Trouble(WORKER, _("后台任务进程没有运行，入账、确认书和邮件都已停止。"))]
    troubles = []
    for job, every in jobs.items():
        run = runs.get(job)
        if run is None:
            continue
        longest = dt.timedelta(seconds=2 * every) + _SLACK
        if now - run.finished > longest:
            since = f"{run.finished:%Y-%m-%d %H:%M}Z"
            said = _("任务“%(job)s”自 %(since)s 起没有再运行。", job=job, since=since)
            troubles.append(Trouble(f"silent:{job}", said))
        elif not run.ok and job == CHECK:
            wrong = _names(run)
            troubles.append(Trouble(CHECK, _("账目自查发现问题：%(names)s", names=wrong)))
        elif not run.ok:
            said = _("任务“%(job)s”一直失败（%(error)s）。", job=job, error=run.error or "-")
            troubles.append(Trouble(f"fails:{job}", said, FAILS_FOR))
    return troubles


def _names(run: Run) -> str:
    """The names of the checks that do not hold; what they found stays in the house."""
    if run.error is not None or run.detail is None:
        return run.error or "-"
    wrong = [str(each["name"]) for each in json.loads(run.detail)["wrong"]]
    return "; ".join(wrong[:5])


def _backup(runs: dict[str, Run]) -> list[Trouble]:
    hours = _settings().backup_hours
    if not hours:
        return []
    run = runs.get(BACKUP)
    if run is None:
        return [Trouble(BACKUP, _("还没有做过备份。"))]
    when = f"{run.finished:%Y-%m-%d %H:%M}Z"
    if not run.ok:
        return [Trouble(BACKUP, _("上一次备份（%(when)s）没有成功。", when=when))]
    if clock.now() - run.finished > dt.timedelta(hours=hours):
        said = _("已超过 %(hours)s 小时没有备份，上一次是 %(when)s。", hours=hours, when=when)
        return [Trouble(BACKUP, said)]
    return []


def _queues() -> list[Trouble]:
    troubles, now = [], clock.now()
    event, letter = inbox.oldest_due(), outbox.oldest_waiting()
    if event is not None and now - event > dt.timedelta(seconds=readiness.LONGEST_WAIT_S):
        troubles.append(Trouble("events", _("支付事件积压，最早的一条已等待五分钟以上。")))
    if letter is not None and now - letter > LETTERS_WAIT:
        troubles.append(Trouble("letters", _("有邮件三十分钟以上没有发出。")))
    return troubles


def watch_is_silent() -> list[Trouble]:
    """What the worker finds wrong with the watch: it ran, and runs no more."""
    run = heartbeat.last(WATCH)
    db.session.rollback()
    if run is None or clock.now() - run.finished <= WATCH_SILENT:
        return []
    return [Trouble(WATCH, _("值守进程（charity watch）没有运行，其他故障将不会有邮件提醒。"))]


@dataclass(slots=True)
class _Incident:
    sentence: str
    since: str
    told: bool = False


class Teller:
    """Tells of incidents by mail, once each; ``file`` remembers what was told."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.open = self._read()

    def tell(self, troubles: Iterable[Trouble]) -> int:
        """Take the present troubles; how many incidents were told of, begun or over.

        A letter that is not taken is tried again the next time, with what is true then.
        """
        now, present = clock.now(), {trouble.name: trouble for trouble in troubles}
        for name, trouble in present.items():
            since = self.open[name].since if name in self.open else now.isoformat()
            told = name in self.open and self.open[name].told
            self.open[name] = _Incident(trouble.sentence, since, told)
        # What was over before it was told of is forgotten.
        for name in [each for each, one in self.open.items() if not one.told]:
            if name not in present and not _hidden(name, present):
                del self.open[name]
        begun = [
            name
            for name, trouble in present.items()
            if not self.open[name].told
            and now - dt.datetime.fromisoformat(self.open[name].since) >= trouble.patience
        ]
        over = [name for name in self.open if name not in present and not _hidden(name, present)]
        if (begun or over) and self._send(begun, over):
            for name in begun:
                self.open[name].told = True
            for name in over:
                del self.open[name]
            self._write()
            return len(begun) + len(over)
        self._write()
        return 0

    def _send(self, begun: list[str], over: list[str]) -> bool:
        lines = [
            *(_("【故障】%(what)s", what=self.open[name].sentence) for name in begun),
            *(_("【已恢复】%(what)s", what=self.open[name].sentence) for name in over),
        ]
        settings = _settings()
        text = "\n".join([*lines, "", settings.base_url, _("详情请运行：charity doctor")])
        subject = _("需要处理：系统故障") if begun else _("系统已恢复正常")
        if settings.mode is not RunMode.PRODUCTION:
            subject = f"【测试 TEST】{subject}"
        by = channel(MAIL)
        _log.warning("alert", begun=begun, over=over)
        try:
            for to in settings.alert_to:
                by.send(Letter(to, subject, text, public_id(26)))
        except NotDelivered as failure:
            _log.error("alert.failed", reason=failure.reason)
            return False
        return True

    def _read(self) -> dict[str, _Incident]:
        try:
            kept = json.loads(self.file.read_text("utf-8"))
            return {name: _Incident(**one) for name, one in kept.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            _log.warning("alert.file", file=self.file.name)
            return {}  # better told twice than never

    def _write(self) -> None:
        kept = {
            name: {"sentence": one.sentence, "since": one.since, "told": one.told}
            for name, one in self.open.items()
        }
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
        fresh.replace(self.file)


def _hidden(name: str, present: Mapping[str, Trouble]) -> bool:
    """Whether nothing can be known of this one now: it is neither there nor over."""
    of_worker = name == CHECK or name.startswith(("silent:", "fails:"))
    return DATABASE in present or (of_worker and WORKER in present)


def look(teller: Teller, jobs: Mapping[str, float]) -> int:
    """One round of the watch: look, tell, and say that the watch lives."""
    began = clock.now()
    told = teller.tell(found(jobs))
    try:
        atomically(heartbeat.record)(Run(WATCH, began, clock.now(), True, None, None))
    except SQLAlchemyError as error:
        db.session.rollback()
        _log.warning("watch.database", kind=type(error).__name__)
    db.session.remove()
    return told


def look_at_watch() -> int:
    """The worker's own round: is the watch there? Nobody is told where nobody is named."""
    settings = _settings()
    if not settings.alert_to:
        return 0
    return Teller(settings.data_dir / "alerts-worker.json").tell(watch_is_silent())


def _settings() -> Settings:
    found_settings: Settings = current_app.extensions["charity.settings"]
    return found_settings
