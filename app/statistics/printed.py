"""The report of a month as a page to be printed: whole in itself, it asks no other address for anything."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from jinja2 import Environment, StrictUndefined

from app.kit.texts import Language, label
from app.statistics.shown import Json
from app.statistics.tables import Cell, Share, Table, tables_of

__all__ = ["POLICY", "paged", "printed"]

STYLE: Final = """
@page { size: A4 landscape; margin: 12mm; }
body { font: 10pt/1.4 "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 1.5rem; color: #111; }
h1 { font-size: 16pt; margin: 0 0 .3rem; }
h2 { font-size: 11pt; margin: 1.2rem 0 .3rem; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 1px solid #888; padding: .15rem .4rem; text-align: right; vertical-align: top; }
th { background: #eee; }
th:first-child, td:first-child, .words td { text-align: left; }
@media print { body { margin: 0; } }
"""
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE: Final = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    """<!doctype html>
<html lang="{{ language }}">
<head><meta charset="utf-8"><title>{{ title }}</title><style>{{ style }}</style></head>
<body>
<h1>{{ title }}</h1>
<p>{{ period }}</p>
{% for table in tables %}
<h2>{{ table.title }}</h2>
<table{% if loop.last %} class="words"{% endif %}>
<thead><tr>{% for name in table.head %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table.rows %}
<tr>{% for value in row %}<td>{{ spelled(value) }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
{% endfor %}
</body>
</html>
"""
)


def spelled(value: Cell) -> str:
    """A cell as it is read."""
    if value is None:
        return "—"
    return f"{value * 100:.2f}%" if isinstance(value, Share) else str(value)


def printed(report: Json, language: Language) -> bytes:
    """The page."""

    def word(code: str) -> str:
        return label("report", code, language)

    return paged(f"{word('title')} {report['month']}", report, tables_of(report, language), language)


def paged(title: str, report: Json, tables: Sequence[Table], language: Language) -> bytes:
    """A page of tables under a title that says as of when, and by what knowledge."""

    def word(code: str) -> str:
        return label("report", code, language)

    period = f"{word('as_of')} {report['as_of']} · {word('known_at')} {report['known_at']}"
    return PAGE.render(
        language=language,
        title=title,
        period=period if report["is_over"] else f"{period} · {word('not_over')}",
        style=STYLE,
        tables=tables,
        spelled=spelled,
    ).encode()
