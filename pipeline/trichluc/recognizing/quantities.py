"""Numbers with the noun they count: ``03 tập thể``, ``hơn hai trăm học sinh``, ``12/15 chi đoàn``."""

from __future__ import annotations

from collections.abc import Iterator

from ..annotations import Quantity, Syllables
from ..knowledge import Knowledge
from ..preparing import DIGIT_DOT

# After these a number names or dates something, it does not count.
_NAMING = {
    "thứ",
    "số",
    "lớp",
    "khóa",
    "quận",
    "phường",
    "điều",
    "hạng",
    "tháng",
    "ngày",
    "khu",
    "tổ",
    "đội",
    "lần",
    "quý",
    "lúc",
    "hồi",
    "tuổi",
    "năm",
    "giờ",
    "phố",
    "thôn",
    "ấp",
    "tiểu",
    "sư",
    "quân",
    "nhóm",
    "từ",
    "/",
    "-",
    "$",
}
_CLASSIFIERS = {"lượt", "vị", "các", "những"}


def number_at(knowledge: Knowledge, s: Syllables, i: int, end: int) -> tuple[int, int] | None:
    """The whole number that begins at syllable ``i``: its value and where it ends.

    Digits may be grouped with dots (``1.451``); a decimal comma, a percentage, a date or a range is no count.
    """
    if s.shape[i] == "d":
        return _digits(s, i, end)
    if s.key[i] in knowledge.numbers and s.shape[i] != "A" and s.key[i] != "không":
        return _words(knowledge, s, i, end)
    return None


def _digits(s: Syllables, i: int, end: int) -> tuple[int, int] | None:
    if not s.norm[i].isdecimal() or len(s.norm[i]) > 9:
        return None
    text, j = s.norm[i], i + 1
    while j + 1 < end and s.key[j] == DIGIT_DOT and len(s.norm[j + 1]) == 3 and s.shape[j + 1] == "d":
        if not s.norm[j + 1].isdecimal() or len(text) > 9:
            return None
        text += s.norm[j + 1]
        j += 2
    if j < end and s.key[j] == DIGIT_DOT:
        return None  # 3.5 is no count
    if j < end and s.gap[j] == "":
        if s.key[j] == "%" or s.shape[j] in "xXA":
            return None
        if s.key[j] in (",", "-", ":") and j + 1 < end and s.shape[j + 1] == "d" and s.gap[j + 1] == "":
            return None
        if s.key[j] == "/" and j + 1 < end and s.shape[j + 1] == "d":  # 12/15 chi đoàn: the first of the two
            j += 2
            if j < end and s.key[j] == "/":
                return None
    value = int(text)
    while j < end and s.key[j] in ("nghìn", "ngàn", "triệu", "trăm", "vạn"):
        value *= {"nghìn": 1000, "ngàn": 1000, "triệu": 1_000_000, "trăm": 100, "vạn": 10_000}[s.key[j]]
        j += 1
    return value, j


def _words(knowledge: Knowledge, s: Syllables, i: int, end: int) -> tuple[int, int] | None:
    """``hai mươi mốt``, ``một trăm lẻ năm``, ``mười lăm``, ``ba nghìn``.

    Values add up from left to right; a multiplier scales what was read since the last greater one.
    """
    total, group, last = 0, 0, 0
    j, seen = i, False
    while j < end and s.key[j] in knowledge.numbers and (j == i or s.gap[j] == " "):
        role, value = knowledge.numbers[s.key[j]]
        if role == "one":
            if last and seen:
                break  # two digits side by side: hai ba is no number
            group += value
            last, seen = value, True
        elif role == "ten":
            if last:
                break
            group += value
            last, seen = 0, True
        elif role == "filler":
            if not seen:
                return None
            last = 0
        else:
            if not seen:
                return None
            if value >= 1000:
                total += (group or 1) * value
                group = 0
            elif value == 100:
                group *= 100
            else:
                group += (last or 1) * value - last
            last = 0
        j += 1
    return (total + group, j) if seen and j > i else None


def quantities(knowledge: Knowledge, s: Syllables, sentences: list[tuple[int, int]]) -> Iterator[Quantity]:
    """Every number that counts recipients, in order."""
    for first, end in sentences:
        i = first
        while i < end:
            if s.shape[i] != "d" and s.key[i] not in knowledge.numbers:
                i += 1
                continue
            found = _quantity_at(knowledge, s, i, end, first) or _after_noun(knowledge, s, i, end, first)
            if found is None:
                number = number_at(knowledge, s, i, end)
                i = number[1] if number is not None else i + 1
            else:
                yield found
                i = found.last


def _quantity_at(knowledge: Knowledge, s: Syllables, i: int, end: int, first: int) -> Quantity | None:
    number = number_at(knowledge, s, i, end)
    if number is None:
        return None
    value, j = number
    if value <= 0 or not counts(knowledge, s, i, first) or s.key[i : i + 2] in (["ba", "mẹ"], ["ba", "má"]):
        return None
    noun = j
    if any(s.key[m] in ("mỗi", "từng") for m in range(max(first, i - 6), i)):
        return None  # "mỗi khu dân cư 2 gia đình" shares out, it does not count
    while noun < end and s.key[noun] in _CLASSIFIERS:
        noun += 1
    if noun >= end or s.gap[noun] == "\n":
        return None
    if s.key[noun] == '"' and noun + 1 < end:
        noun += 1  # tuyên dương 50 “Thanh niên tiên tiến …”
    found = knowledge.recipients.at(s.key, noun, end)
    if found is None:
        return None
    last, entry = found
    praised = i > first and s.key[i - 1] in ("dương", "danh", "vinh", "thưởng")
    if (
        s.key[i] == "một"
        and j == i + 1
        and not praised
        and " ".join(s.key[noun : noun + 2]) not in ("tập thể", "cá nhân", "đơn vị", "học sinh")
    ):
        return None
    if (
        s.key[i] in ("năm", "tư")
        and j == i + 1
        and (s.key[noun] in ("học", "lớp") or (s.shape[i] == "X" and i > first))
    ):
        return None
    approximate, begin = approximated(knowledge, s, i, first)
    return Quantity(value, approximate, begin, last, entry.recipient, noun, last, f"rule:recipients.{entry.id}")


def _after_noun(knowledge: Knowledge, s: Syllables, i: int, end: int, first: int) -> Quantity | None:
    """``tập thể: 12; cá nhân: 35``: the number after the noun it counts."""
    if i - first < 2 or s.key[i - 1] != ":" or s.shape[i] != "d":
        return None
    number = number_at(knowledge, s, i, end)
    if number is None or not 0 < number[0] < 100_000 or (number[1] < end and s.shape[number[1]] == "x"):
        return None
    for noun in range(max(first, i - 5), i - 1):
        found = knowledge.recipients.at(s.key, noun, i)
        if found is not None and found[0] == i - 1:
            entry = found[1]
            return Quantity(
                number[0], False, noun, number[1], entry.recipient, noun, i - 1, f"rule:recipients.{entry.id}"
            )
    return None


def counts(knowledge: Knowledge, s: Syllables, i: int, first: int) -> bool:
    """Does the number at ``i`` count, rather than name or date (``lần thứ 3``, ``quận 10``)?"""
    if i == first:
        return True
    before = s.key[i - 1]
    if s.is_year(i) and (before in ('"', "năm", "/", "-") or (s.shape[i - 1] in "XA" and i - 1 > first)):
        return False  # the Awards 2019 tổ chức ở Hà Nội
    if before in _NAMING and s.shape[i - 1] != "U":
        return before in ("số", "nhóm") and s.shape[i] == "x"
    return before != DIGIT_DOT


def approximated(knowledge: Knowledge, s: Syllables, i: int, first: int) -> tuple[bool, int]:
    """Whether ``hơn``, ``gần``, ``khoảng`` … stands before the number, and where the expression begins."""
    for m in range(max(first, i - 2), i):
        found = knowledge.cues["approximate"].at(s.key, m, i)
        if found is not None and found[0] == i:
            return True, m
    return False, i
