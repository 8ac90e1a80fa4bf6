"""Administrative units of Vietnam, before and after the merger of 1 July 2025, from underthesea's address data.

Provinces (63 → 34), districts (abolished in 2025), communes and wards. Read once, when a rule first asks.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .preparing import phrase_keys

_UNIT_WORDS = ("thành phố", "thị trấn", "thị xã", "đặc khu", "tỉnh", "huyện", "quận", "phường", "xã")


@dataclass(frozen=True)
class Places:
    """Names as match keys without their unit word.

    ``districts`` maps a district to the provinces that had one so named.
    """

    provinces: dict[tuple[str, ...], str]
    districts: dict[tuple[str, ...], tuple[str, ...]]
    communes: frozenset[tuple[str, ...]]

    def longest_prefix(self, keys: list[str], first: int, last: int, communes: bool = True) -> int:
        """Where the longest known name that begins at ``first`` ends; ``first`` when none does."""
        for end in range(min(last, first + 5), first, -1):
            name = tuple(keys[first:end])
            if name in self.provinces or name in self.districts or (communes and name in self.communes):
                return end
        return first


def _bare(name: str) -> tuple[str, ...]:
    low = name.lower()
    for word in _UNIT_WORDS:
        if low.startswith(word + " "):
            name = name[len(word) + 1 :]
            break
    return phrase_keys(name)


@lru_cache(maxsize=1)
def known_places() -> Places:
    """All administrative units.

    >>> ("quảng", "nam") in known_places().provinces, ("ba", "tơ") in known_places().districts
    (True, True)
    """
    spec = importlib.util.find_spec("underthesea")  # its data only: importing the package would cost 0.4 s
    if spec is None or spec.origin is None:
        raise ImportError("underthesea is missing; install trichluc with its dependencies (pip install .)")
    path = Path(spec.origin).parent / "address" / "data" / "mapping.json"
    data = json.loads(path.read_text("utf-8"))
    old = {phrase_keys(p["short"]): p["short"] for p in data["old_province_names"].values()}
    now = {phrase_keys(p["short"]): p["short"] for p in data["province_names"].values()}
    districts: dict[tuple[str, ...], set[str]] = {}
    communes: set[tuple[str, ...]] = set()
    for row in data["ward_mapping"]:
        province = " ".join(_bare(row["old_province"]))
        districts.setdefault(_bare(row["old_district"]), set()).add(province)
        communes.add(_bare(row["old_ward"]))
        communes.add(_bare(row["new_ward"]))
    short: dict[tuple[str, ...], str] = {("hcm",): "Hồ Chí Minh", ("huế",): "Huế"}
    return Places(
        {**old, **now, **short},
        {name: tuple(sorted(provinces)) for name, provinces in districts.items()},
        frozenset(communes),
    )
