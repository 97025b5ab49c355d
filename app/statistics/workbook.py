"""Tables as an Office Open XML workbook (ECMA-376): a sheet each, the same bytes for the same tables.

Every text is an inline string: what begins with `=` stays text and is never reckoned.
"""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

from app.statistics.tables import Cell, Share, Table

__all__ = ["MEDIA_TYPE", "workbook"]

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
BOLD, HUNDREDTHS = 1, 2
STYLES: Final = (
    f'<styleSheet xmlns="{MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="10" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)
BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
"""The first instant that an archive can name: when the file was made is no part of what it says."""
NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_IN_A_NAME: Final = re.compile(r"[\[\]:*?/\\']")
LONGEST_NAME: Final = 31


def text(value: str) -> str:
    """A text within an element or attribute."""
    return escape(NOT_IN_XML.sub("\ufffd", value), {'"': "&quot;"})


def column(place: int) -> str:
    """What a column is called: A, …, Z, AA."""
    name = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        name = chr(65 + letter) + name
        place -= 1
    return name


def cell(reference: str, value: Cell, style: int) -> str:
    """A cell; an empty one is left out."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text(value)}</t></is></c>'
    return f'<c r="{reference}" s="{HUNDREDTHS if isinstance(value, Share) else style}"><v>{float(value):.15g}</v></c>'


def sheet(table: Table) -> str:
    """A table as a sheet whose head stays in sight."""
    rows = []
    for number, row in enumerate([table.head, *table.rows], 1):
        style = BOLD if number == 1 else 0
        cells = "".join(cell(f"{column(place)}{number}", value, style) for place, value in enumerate(row))
        rows.append(f'<row r="{number}">{cells}</row>')
    return (
        f'<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        '<cols><col min="1" max="1" width="32" customWidth="1"/></cols>'
        f"<sheetData>{''.join(rows)}</sheetData></worksheet>"
    )


def names_of(tables: Sequence[Table]) -> list[str]:
    """What the sheets are called: short, without signs that no name may have, none twice."""
    found: list[str] = []
    for table in tables:
        plain = NOT_IN_A_NAME.sub(" ", table.title)[:LONGEST_NAME]
        name, count = plain, 1
        while name.casefold() in {each.casefold() for each in found}:
            count += 1
            name = f"{plain[: LONGEST_NAME - 4]} {count}"
        found.append(name)
    return found


def relationships(targets: Sequence[tuple[str, str]]) -> str:
    """What a part leads to."""
    ways = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{ways}</Relationships>'


def workbook(tables: Sequence[Table]) -> bytes:
    """The file."""
    numbers = range(1, len(tables) + 1)
    sheets = "".join(
        f'<sheet name="{text(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names_of(tables), 1)
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{SHEET_TYPE}.styles+xml"/>{overrides}</Types>'
        ),
        "_rels/.rels": relationships([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships(
            [*(("worksheet", f"worksheets/sheet{number}.xml") for number in numbers), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{number}.xml": sheet(table) for number, table in enumerate(tables, 1)},
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, BEGINNING), DECLARATION + content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
