"""The sheets of a month as tables: what the workbook and the page to print show alike."""

from collections.abc import Iterator

from app.assessment.points import HUNDRED, read_points
from app.assessment.sheets import Json
from app.kit.texts import Language, label
from app.statistics.tables import Cell, Table

__all__ = ["tables_of", "title_of"]


def title_of(document: Json) -> str:
    """What the sheets are called, and of which month they are."""
    return f"{document['label']} {document['month']}"


def number(points: str) -> Cell:
    """Points as a cell: two decimal places are exact in what a workbook holds."""
    hundredths = read_points(points)
    return hundredths // HUNDRED if hundredths % HUNDRED == 0 else hundredths / HUNDRED


def tables_of(document: Json, language: Language) -> list[Table]:
    """The scores, then every point with its cause."""

    def word(code: str) -> str:
        return label("sheet", code, language)

    sheets: list[Json] = document["items"]
    parts = sheets[0]["parts"] if sheets else []
    head = (
        label("report", "name", language),
        *(word(code) for code in ("department_of", "base")),
        *(part["name"] for part in parts),
        *(word("bonus"), label("report", "score", language), word("grade"), word("recommendation")),
    )
    scores: list[tuple[Cell, ...]] = [
        (
            *(sheet["name"], sheet["department_name"], number(sheet["base"])),
            *(number(part["score"]) for part in sheet["parts"]),
            sum_of(sheet["bonus"]),
            *(number(sheet["score"]), sheet["grade"]["name"], sheet["grade"]["recommendation"]),
        )
        for sheet in sheets
    ]
    columns = ("part", "rule", "points", "due", "cause", "number", "when", "fell")
    return [
        Table(document["label"], head, scores),
        Table(
            word("points_of"),
            (label("report", "name", language), *(word(code) for code in columns)),
            [row for sheet in sheets for row in point_rows(sheet, word("bonus"))],
        ),
    ]


def sum_of(points: list[Json]) -> Cell:
    """Points together."""
    total = sum(read_points(point["points"]) for point in points)
    return total // HUNDRED if total % HUNDRED == 0 else total / HUNDRED


def to_the_second(at: str) -> str:
    """An instant as people read it, in the zone of the place."""
    return at[:19].replace("T", " ")


def point_rows(sheet: Json, beside: str) -> Iterator[tuple[Cell, ...]]:
    """A row for each happening of each point, one for a share; the points stand in the first."""
    parts = [(part["name"], point) for part in sheet["parts"] for point in part["points"]]
    for part, point in [*parts, *((beside, point) for point in sheet["bonus"])]:
        gone = point["fell"]
        fell = None if gone is None else f"{gone['cause_label']} ({to_the_second(gone['at'])})"
        points: tuple[Cell, ...] = (number(point["points"]), number(point["due"]))
        for one in point["happenings"]:
            what = (
                point["cause_label"] if one["clock_label"] is None else f"{point['cause_label']} · {one['clock_label']}"
            )
            about = one["tracking_number"] or one["order"]
            yield (sheet["name"], part, point["rule_name"], *points, what, about, to_the_second(one["at"]), fell)
            points = (None, None)
        if (share := point["share"]) is not None:
            what = f"{point['cause_label']}: {share['part']} / {share['whole']} {share['unit_label'] or ''}".strip()
            yield (sheet["name"], part, point["rule_name"], *points, what, None, None, fell)
