"""Each figure: how it is called and defined in words (the catalogues), and where it is read (here)."""

from typing import Final, NamedTuple

from app.kit.texts import LANGUAGES, Language, label

__all__ = ["FIGURES", "Definition", "definitions", "page"]


class Definition(NamedTuple):
    """A figure and the rows from which it is counted, in words of SQL."""

    figure: str
    read: str


FIRST: Final = "the application's first row of `stretches`"
STOPPED: Final = (
    "`spans`: `state IN ('met', 'missed')`, `party = 'agency'`, `stage = ''`, `from_at <= as_of < to_at`; "
    "`stopped_at` in the period"
)

FIGURES: Final = (
    Definition("received", "`applications.received_on BETWEEN from AND to`, the row of `stretches` not `submitted`"),
    Definition("accepted", f"{FIRST} with `status = 'accepted'`: `from_at` in the period"),
    Definition("decided", f"{FIRST} with `status = 'decided'`: `from_at` in the period"),
    Definition(
        "closed",
        f"{FIRST} with `status NOT IN ('submitted', 'received', 'correcting', 'accepted')`: `from_at` in the period",
    ),
    Definition("refused", "of `closed` those with `status = 'refused'`"),
    Definition("withdrawn", "of `closed` those with `status = 'withdrawn'`"),
    Definition("terminated", "of `closed` those with `status = 'terminated'`"),
    Definition(
        "correction_never_came",
        "of `closed` those whose row of `stretches` before has `status = 'correcting'`, without decided and refused",
    ),
    Definition(
        "open",
        "`stretches`: `from_at <= as_of < to_at`, `status IN ('submitted', 'received', 'correcting', 'accepted')`",
    ),
    Definition(
        "on_time", f"{STOPPED}, `stopped_at <= due_at`; ended otherwise than `withdrawn`, `correction_never_came`"
    ),
    Definition(
        "early", "of `on_time` those with the local day of `stopped_at` before `due_on`, not ended by `refused`"
    ),
    Definition("late", f"{STOPPED}, `stopped_at > due_at`"),
    Definition("rates", "`on_time`, `early`, `late` / (`on_time` + `late`), rounded half up to 4 places"),
    Definition("used", f"{STOPPED}: `used_before`, in whole units"),
    Definition(
        "open_overdue",
        "`spans`: `state = 'running'`, `party = 'agency'`, `stage = ''`, `from_at <= as_of < to_at`, "
        "`due_at <= as_of`; by the local day of `as_of` less `due_on`",
    ),
    Definition("gross", "of `closed`: the local day of its `from_at` less `received_on`"),
    Definition("net", "of `closed`: its days of officer, section and department"),
    Definition("spread", "`ceil(p / 100 x count)`-th of the values in order; the mean rounded half up to 2 places"),
    Definition(
        "days_owned",
        "of `closed`: `stretches` for the desk and `correcting`; `spans` with `state = 'paused'` up to the day from "
        "which the next one counts (`counts_from`); the calendar for rest days",
    ),
    Definition(
        "compression",
        "of `closed` with a verdict on both clocks in one `limit_unit`: (sum of statutory - sum of promised "
        "`limit_amount`) / sum of statutory",
    ),
    Definition(
        "speed_up",
        "of `closed` with a verdict on the statutory clock: (sum of `limit_amount` - sum of `used_before`) / sum of "
        "`limit_amount`",
    ),
    Definition(
        "small_numbers",
        "`app/statistics/disclosure.py` over received, closed, on time and late of each department and item of a month",
    ),
    Definition("ranking", "`on_time` / (`on_time` + `late` + `open_overdue`) of the kind of clock asked"),
)
"""Every figure, in the order in which they are shown."""


INTRODUCTION: Final = """# Figures

Every figure of `/api/v1/statistics` and `/api/v1/statistics/ranking`, in words and as it is read. The same words stand
in each answer, under `definitions`. This page is made from the code:
`python -m app.statistics.definitions > docs/figures.md`.

- **Of when.** A figure speaks of a period (`from` to `to`, both days with it), of an instant `as_of` (default now) and
  of what had been recorded by `known_at` (default now). What happened after `as_of` is not counted. For one pair of
  both a figure is always the same number, whatever is recorded later; every answer states both.
- **Which day.** Days are those of the zone of the application's calendar.
- **Whose.** Each event counts for the department, section and officer that held the application when it happened; what
  stands open counts for the holder at `as_of`. A department that ended, or was put under another, keeps what was its
  own: a reorganisation changes no figure of the past.
- **At one instant.** Of several steps at one instant `stretches` keep where they led; what lay between (accepted and
  decided on the spot) is read from `events` of that instant.
- **Not by month.** `open` and `open_overdue` speak of one instant: by month only the total has them.
- **The report of a month.** `/api/v1/reports/monthly` holds these figures for the days of one month as of its last
  instant (while the month goes on: as of now, and it says so), by department and by item, with the rankings. Months are
  those of `SHIXIAN_TIME_ZONE`. Workbook and page show the same numbers as the JSON.
- **In public.** `/api/v1/public/statistics` holds some of them for one month that is over, small numbers hidden. Only
  whole months: of two periods that differ by a day the difference would be what happened on it. For a year the months
  are to be added, and stay as hidden as they are. What is hidden is found from one sum after the other, as a reader
  would; whoever solves all sums of a table of hardly more than small counts at once may yet tell one: in 200 such
  tables 9 counts, where hiding the small ones alone would tell 873 (`tests/statistics/test_disclosure.py`).
"""


def definitions(language: Language) -> list[dict[str, str]]:
    """Each figure with its name and its definition in words."""
    return [
        {"figure": one.figure, "name": label("figure", one.figure, language), "words": words_of(one.figure, language)}
        for one in FIGURES
    ]


def words_of(figure: str, language: Language) -> str:
    """The definition of a figure in words."""
    return label("definition", figure, language)


def page() -> str:
    """`docs/figures.md`: a test holds it equal to this."""
    lines = [INTRODUCTION]
    for one in FIGURES:
        lines += [f"## `{one.figure}`", ""]
        for language in LANGUAGES:
            lines.append(f"- **{label('figure', one.figure, language)}**: {words_of(one.figure, language)}")
        lines += [f"- Read from: {one.read}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
