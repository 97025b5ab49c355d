"""What people read: days, lengths of time, and one clock in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from babel.dates import format_date, format_datetime

from app.kit.texts import Language, Text, gettext, label

__all__ = ["ClockWords", "Reader", "Wired"]

Wired = Mapping[str, Any]
"""A part of an answer of the API, as it goes to the wire: its shape is that of `api.md`."""

LOCALES: dict[Language, str] = {"zh-CN": "zh_Hans_CN", "en": "en_GB"}
FULL = 100
IN_TIME = ("working_hour", "working_minute", "working_second")
"""Units in which something is left on the last day, too."""


@dataclass(frozen=True, slots=True)
class ClockWords:
    """One clock as it stands on a page."""

    name: str
    limit: str
    tone: str
    """`red`, `yellow`, `done` or nothing: how the card looks."""
    sign: str
    """The shape beside the word: that of the light, else that of the state."""
    word: str
    share: int | None
    """How much of the limit is used, in hundredths; None where that means nothing."""
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: in which language, on which day, in which zone."""

    language: Language
    now: datetime
    zone: tzinfo

    @property
    def text(self) -> Text:
        """The texts of the reader's language."""
        return gettext(self.language)

    @property
    def today(self) -> date:
        """The local day of now."""
        return self.now.astimezone(self.zone).date()

    def label(self, kind: str, code: str) -> str:
        """The label of a code in the reader's language."""
        return label(kind, code, self.language)

    def day(self, of: str | date) -> str:
        """A day with its weekday, and its year unless it is this one: 11 月 6 日（周五）."""
        day = day_of(of)
        pattern = self.text("date.pattern" if day.year == self.today.year else "date.pattern_year")
        return format_date(day, pattern, locale=LOCALES[self.language])

    def short_day(self, of: str | date) -> str:
        """A day for a dense table."""
        day = day_of(of)
        pattern = self.text("date.short" if day.year == self.today.year else "date.short_year")
        return format_date(day, pattern, locale=LOCALES[self.language])

    def moment(self, of: str | datetime) -> str:
        """An instant to the minute, in the reader's zone."""
        local = (datetime.fromisoformat(of) if isinstance(of, str) else of).astimezone(self.zone)
        pattern = self.text("date.moment" if local.year == self.today.year else "date.moment_year")
        return format_datetime(local, pattern, locale=LOCALES[self.language])

    def end(self, clock: Wired) -> str:
        """The last day of a clock; where it ends inside a day, the minute."""
        return self.moment(clock["due_at"]) if ends_inside_a_day(clock) else self.day(clock["due_on"])

    def short_end(self, clock: Wired) -> str:
        """The same for a dense table."""
        return self.moment(clock["due_at"]) if ends_inside_a_day(clock) else self.short_day(clock["due_on"])

    def length(self, amount: int, unit: str) -> str:
        """So many units: 4 个工作日."""
        return self.text(f"days.{unit}", n=amount)

    def limit(self, limit: Wired | None) -> str:
        """A limit in words, nothing for none."""
        return "" if limit is None else self.length(limit["amount"], limit["unit"])

    def ending(self, kind: str) -> str:
        """What must have happened by the due day: 办结, 送达, …"""
        ending = self.label("end", kind)
        return self.label("end", "other") if ending == kind else ending

    def age(self, since: datetime) -> str:
        """How long ago an instant was, in its largest unit."""
        seconds = max(0, int((self.now - since).total_seconds()))
        for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
            if seconds >= 2 * length:
                return self.text(f"age.{unit}", n=seconds // length)
        return self.text("age.seconds", n=seconds)

    def clock_name(self, clock: Wired, stages: Mapping[str, str]) -> str:
        """The name of a clock; that of a stage is the stage's."""
        stage = clock["stage"]
        if stage:
            return self.text("clock.stage", stage=stages.get(stage, stage))
        return self.label("clock", clock["clock"] if "clock" in clock else clock["kind"])

    def clock(self, clock: Wired, stages: Mapping[str, str], *, paused_since: str | None = None) -> ClockWords:
        """A clock in words: 承诺时限 4 个工作日，已用 2 个工作日，还剩 2 个工作日，最迟 11 月 6 日（周五）办结。"""
        state, light_code = clock["state"], clock["light"]
        name = self.clock_name(clock, stages)
        if clock.get("party") == "applicant":
            name += self.text("clock.applicant")
        return ClockWords(
            name=name,
            limit=self.limit(clock["limit"]),
            tone=tone_of(state, light_code),
            sign=light_code or state,
            word=self.label("light", light_code) if light_code else self.label("state", state),
            share=share_of(clock),
            sentence=self.sentence(clock, paused_since),
            notes=self.notes(clock),
        )

    def sentence(self, clock: Wired, paused_since: str | None) -> str:
        """Where a clock stands: how much is used, until when, or how late."""
        text, state = self.text, clock["state"]
        unit = unit_of(clock)
        kind = "stage" if clock["stage"] else clock["kind"]
        words = {name: self.length(clock[name] or 0, unit) for name in ("used", "remaining", "overdue")}
        end = self.ending(kind)
        if state == "running":
            day = self.end(clock)
            if clock["light"] == "red":
                key = "clock.late" if clock["overdue"] else "clock.late_first"
            elif day_of(clock["due_on"]) == self.today and unit not in IN_TIME:
                key = "clock.today"
            else:
                key = "clock.running"
            return text(key, day=day, end=end, **words)
        if state == "paused":
            if paused_since is None:
                first = text("clock.paused_plain", used=words["used"])
            else:
                first = text("clock.paused", used=words["used"], day=self.day(paused_since))
            latest = clock["latest_due_on"]
            then = text("clock.paused_until", day=self.day(latest), end=end) if latest else text("clock.paused_open")
            return join(first, then, self.language)
        if state in {"met", "missed"} and clock["stopped_at"] is not None:
            day = self.day(clock["stopped_at"])
            if state == "met":
                return text("clock.met", day=day, used=words["used"])
            if clock["overdue"]:
                return text("clock.missed", day=day, overdue=words["overdue"])
            if clock["due_on"] is not None:
                return text("clock.missed_first", day=day, due=self.end(clock))
        if state == "not_started":
            return text("clock.not_started")
        return text("clock.void")

    def notes(self, clock: Wired) -> tuple[str, ...]:
        """What else is to be known of a clock: a provisional date, an end fixed by law, the article."""
        notes = []
        if clock["limit"] is None and clock["state"] != "not_started":
            notes.append(self.text("clock.fixed"))
        if clock["provisional"] and clock["state"] in ("running", "paused"):
            notes.append(self.text("clock.provisional"))
        if clock["legal_basis"]:
            notes.append(self.text("clock.basis", basis=clock["legal_basis"]))
        return tuple(notes)


def day_of(of: str | date) -> date:
    """The day of a date, or of an instant written in its local zone."""
    if isinstance(of, str):
        return date.fromisoformat(of[:10])
    return of.date() if isinstance(of, datetime) else of


def ends_inside_a_day(clock: Wired) -> bool:
    """Whether the due instant of a clock is no midnight where it is shown."""
    due_at = clock["due_at"]
    return due_at is not None and due_at[11:16] != "00:00"


def unit_of(clock: Wired) -> str:
    """In what the figures of a clock are counted: those of a month limit or a fixed end are calendar days."""
    limit = clock["limit"]
    return "calendar_day" if limit is None or limit["unit"] == "month" else str(limit["unit"])


def tone_of(state: str, light_code: str | None) -> str:
    """How the card of a clock looks."""
    if light_code in ("red", "yellow"):
        return light_code
    return "" if state in ("running", "paused", "not_started") else "done"


def share_of(clock: Wired) -> int | None:
    """How much of the limit is used, in hundredths."""
    if clock["limit"] is None or clock["state"] in ("not_started", "void"):
        return None
    whole = clock["used"] + (clock["remaining"] or 0)
    if clock["light"] == "red" or clock["state"] == "missed" or whole == 0:
        return FULL
    return min(FULL, FULL * int(clock["used"]) // int(whole))


def join(first: str, then: str, language: Language) -> str:
    """Two sentences, one after the other."""
    return first + then if language == "zh-CN" else f"{first} {then}"
