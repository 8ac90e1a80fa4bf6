"""trichluc: named campaigns, organizations and award counts out of Vietnamese reports.

>>> import trichluc
>>> record = trichluc.extract("Dịp này, Huyện đoàn Ba Tơ trao tặng giấy khen cho 03 tập thể.")
>>> record.awards[0].count
3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .pipeline import extract, extract_many, load
    from .record import Record

__all__ = ["Record", "__version__", "extract", "extract_many", "load"]


def __getattr__(name: str) -> object:
    """Import late: ``import trichluc`` and ``trichluc --help`` must not pay for spaCy."""
    if name in ("extract", "extract_many", "load"):
        from . import pipeline

        return getattr(pipeline, name)
    if name == "Record":
        from .record import Record

        return Record
    raise AttributeError(f"module 'trichluc' has no attribute {name!r}")
