"""What strangers may not read: numbers and addresses that name a person and stand in a public text."""

import re

__all__ = ["mask"]

DIGIT = "[0-9０-９]"
PERSONAL = re.compile(
    rf"(?P<mail>[0-9A-Za-z._%+-]+)(?=@[0-9A-Za-z-]+\.)"
    rf"|(?<!{DIGIT})(?P<identity>{DIGIT}{{17}}[0-9０-９XxＸｘ]|{DIGIT}{{15}})(?!{DIGIT})"
    rf"|(?<!{DIGIT})(?P<card>{DIGIT}{{16,19}})(?!{DIGIT})"
    rf"|(?<!{DIGIT})(?P<mobile>[1１][3-9３-９]{DIGIT}(?:[ -]?{DIGIT}{{4}}){{2}})(?!{DIGIT})"
)


def mask(text: str) -> str:
    """The text with what identifies a person struck out: `13812345678` becomes `138****5678`.

    A resident identity number keeps its first four and last two symbols, a mobile number its first three and last four,
    a bank card its last four. The unified code of a company holds letters, is public and stays.
    """
    return PERSONAL.sub(struck, text)


def struck(found: re.Match[str]) -> str:
    """One find with its middle struck out."""
    plain = found[0].replace(" ", "").replace("-", "") if found["mobile"] else found[0]
    if found["mail"]:
        return plain[0] + "***"
    first, last = (3, 4) if found["mobile"] else (4, 2) if found["identity"] else (0, 4)
    return plain[:first] + "*" * (len(plain) - first - last) + plain[-last:]
