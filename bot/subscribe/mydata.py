"""What is known of one person as a file for them: JSON, or CSV that is harmless to spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.subscribe.tables import harmless

#: Changes when what is there already gets another name or meaning; more may come without.
FORMAT = "concept-digest/my-data/1"
HEADER = ("table", "row", "field", "value")

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def as_json(tables: Tables, made_at: datetime) -> str:
    """One JSON object: the format, when it was made, and the rows by table; times as RFC 3339, in UTC."""
    whole = {"format": FORMAT, "made_at": made_at, **tables}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=_written) + "\n"


def as_csv(tables: Tables, made_at: datetime) -> str:
    """One line for each value (RFC 4180): its table, the number of its row there, from 1, its name, and itself."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    head: Tables = {"file": [{"format": FORMAT, "made_at": made_at}]}
    for table, rows in (*head.items(), *tables.items()):
        for number, row in enumerate(rows, 1):
            for field, value in row.items():
                writer.writerow((table, number, field, harmless(_cell(value))))
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return _written(value) if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False, default=_written)


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"cannot be written: {type(value).__name__}")
