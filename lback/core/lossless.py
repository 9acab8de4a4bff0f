"""Values of a database as JSON and back, without loss."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


def encode(value: Any) -> Any:
    """Return what `json.dumps` can write; TypeError for a value of an unknown kind."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat(), **({"fold": 1} if value.fold else {})}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, timedelta):
        return {"timedelta": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, list | tuple):
        return {"list": [encode(option) for option in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(option)] for key, option in value.items()]}
    raise TypeError(f"a value of type {type(value).__name__} cannot be saved")


def decode(data: Any) -> Any:
    """Return the value that `encode` was given."""
    if not isinstance(data, dict):
        return data
    kind, value = next(iter(data.items()))
    if kind == "datetime":
        return datetime.fromisoformat(value).replace(fold=data.get("fold", 0))
    return _DECODERS[kind](value)


_DECODERS: dict[str, Any] = {
    "float": float,
    "bytes": base64.b64decode,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda value: timedelta(*value),
    "uuid": UUID,
    "list": lambda value: [decode(option) for option in value],
    "dict": lambda value: {decode(key): decode(option) for key, option in value},
}
