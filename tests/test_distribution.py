"""Tables that belong to an application carry its number in every unique key, so that they can be distributed by it."""

from sqlalchemy import UniqueConstraint

from app.tables import metadata

OF_NO_APPLICATION = {"external_refs"}
"""A neighbouring system's reference must be unique among all applications: a table of its own."""


def test_every_unique_key_of_an_application_holds_its_number() -> None:
    looked_at = 0
    for table in metadata.tables.values():
        if "number" not in table.columns or table.name in OF_NO_APPLICATION:
            continue
        looked_at += 1
        keys = [("primary key", table.primary_key.columns)]
        keys += [(str(one.name), one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
        keys += [(str(index.name), index.columns) for index in table.indexes if index.unique]
        for name, columns in keys:
            assert "number" in {column.name for column in columns}, f"{table.name}: {name}"
    assert looked_at >= 7
