"""Texts for people: Babel catalogues in Chinese and English, labels of codes, the language of a request."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from babel.messages.pofile import read_po

__all__ = ["LANGUAGES", "Language", "Text", "gettext", "label", "negotiate"]

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")

Text = Callable[..., str]
"""`text("track.used", n=2)`: the text of a key, its `{names}` filled in; `n` also chooses singular or plural."""

_FOLDERS: dict[Language, str] = {"zh-CN": "zh_CN", "en": "en"}
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*"
    r"(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?",
    re.ASCII,
)
_LONGEST_HEADER = 200


class _Catalogue:
    """One language, read once: labels by kind and code, texts by key, each as its singular and plural forms."""

    def __init__(self, language: Language) -> None:
        self.labels: dict[tuple[str, str], str] = {}
        self.texts: dict[str, tuple[str, ...]] = {}
        with (Path(__file__).parent / "locale" / _FOLDERS[language] / "messages.po").open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
        for message in catalogue:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            if message.context:
                self.labels[message.context, key] = forms[0]
            elif key:
                self.texts[key] = forms

    def text(self, key: str, /, **values: object) -> str:
        """The text of `key`; a key that no catalogue has is an error of the program."""
        forms = self.texts[key]
        form = forms[0] if len(forms) == 1 or values.get("n") == 1 else forms[1]
        return form.format_map(values) if values else form


_CATALOGUES: dict[Language, _Catalogue] = {language: _Catalogue(language) for language in LANGUAGES}


@lru_cache(maxsize=256)
def negotiate(accept_language: str | None) -> Language:
    """The language of an answer: Chinese unless `Accept-Language` prefers English (RFC 9110, 12.5.4).

    A header that cannot be read is no error: it asks for nothing, so the answer is in Chinese.
    """
    best: Language = "zh-CN"
    weight = 0.0
    if accept_language is None or len(accept_language) > _LONGEST_HEADER:
        return best
    for part in accept_language.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            continue
        primary = match[1].split("-", 1)[0].lower()
        quality = 1.0 if match[2] is None else min(float(match[2]), 1.0)
        if quality > weight and primary in ("zh", "en", "*"):
            best, weight = "en" if primary == "en" else "zh-CN", quality
    return best


def label(kind: str, code: str, language: Language) -> str:
    """What people read for a code: `label("light", "red", "en")` is "Overdue"; an unknown code is shown as it is.

    Kinds: status, state (of a clock), light, step, clock (its kind), unit, channel, receipt_rule, role, source,
    alarm (its kind), delivery (its state), party, on_expiry, result, ground (of a pause), certainty and day (of a
    calendar), odd, id_type, figure and definition (of the statistics), report (words of its tables), order_status,
    order_step, card_revoked (why a card fell), problem (its title).
    """
    return _CATALOGUES[language].labels.get((kind, code), code)


def gettext(language: Language) -> Text:
    """The texts of the pages in one language: a function from key and values to text."""
    return _CATALOGUES[language].text
