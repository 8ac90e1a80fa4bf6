"""Words of commendation with their rank, name and, for prizes, their number: ``Huân chương Lao động hạng Ba``,
``kỷ niệm chương “Vì thế hệ trẻ”``, ``15 giải nhì``."""

from __future__ import annotations

from collections.abc import Iterator

from ..annotations import Honour, Syllables
from ..knowledge import HonourEntry, Knowledge
from .quantities import approximated, counts, number_at

_STOP_TITLE = {
    "chỉ",
    "còn",
    "không",
    "thay",
    "cũng",
    "cho",
    "do",
    "của",
    "tại",
    "và",
    "năm",
    "với",
    "trong",
    "để",
    "nhằm",
    "là",
    "lần",
    "được",
    "ở",
    "trị",
    "vào",
    "cùng",
    "kèm",
    "đã",
    "vừa",
    "vì",
    "gồm",
    "giai",
    "từ",
    "theo",
    "có",
    "thuộc",
    "về",
    "này",
    "đến",
    "mà",
    "khi",
    "ngày",
}


def honours(knowledge: Knowledge, s: Syllables, sentences: list[tuple[int, int]]) -> Iterator[Honour]:
    """Every honour of a report, in order."""
    for first, end in sentences:
        i = first
        prize: Honour | None = None
        order: Honour | None = None
        while i < end:
            if s.key[i] == "đạt" and i + 1 < end and s.key[i + 1] == '"' and s.gap[i + 1] != "\n":
                named = quoted(s, i + 1, end)
                if named[0] >= 0 and s.shape[named[0]] in "XAU":  # đạt “Gia đình văn hóa”
                    yield Honour("danh hiệu", "title", i, i + 1, "rule:honours.titles", *named)
                    i = named[1]
                    continue
            found = knowledge.honours.at(s.key, i, end)
            excluded = knowledge.exclusions.at(s.key, i, end)
            if excluded is not None and (found is None or excluded[0] > found[0]) and excluded[0] - i >= 2:
                i = excluded[0]
                continue
            honour = _honour_at(knowledge, s, i, found[0], found[1], first, end) if found is not None else None
            if honour is None and order is not None and s.key[i] == "hạng" and i + 1 < end:
                # Huân chương Lao động hạng Nhì cho …, hạng Ba cho …: the order said once
                base = order.form.split(" hạng ")[0]
                honour = Honour(f"{base} hạng {s.key[i + 1]}", order.kind, i, i + 2, order.rule)
            if honour is None and prize is not None:
                honour = _elided_prize(knowledge, s, i, first, end, prize)
            if honour is None:
                i += 1
                continue
            if honour.kind == "prize" and honour.count is not None:
                prize = honour
            if " hạng " in honour.form:
                order = honour
            yield honour
            i = honour.end


_ELIDED = {
    "nhì": "giải nhì",
    "ba": "giải ba",
    "tư": "giải tư",
    "khuyến": "giải khuyến khích",
    "b": "giải b",
    "c": "giải c",
    "kk": "giải khuyến khích",
    "bạc": "huy chương bạc",
    "đồng": "huy chương đồng",
    "hcb": "huy chương bạc",
}


def _elided_prize(knowledge: Knowledge, s: Syllables, i: int, first: int, end: int, prize: Honour) -> Honour | None:
    """``7 giải nhất, 29 nhì, 30 ba``, ``2 huy chương vàng, 3 bạc``: the noun said once, the ranks counted on."""
    form = _ELIDED.get(s.key[i])
    if form is None or i - prize.last > 12 or s.shape[i - 1] != "d" or form[:3] != prize.form[:3]:
        return None
    counted = _count_before(knowledge, s, i, first)
    follows = s.key[i + 1 : i + 2]
    last = i + 2 if s.key[i] == "khuyến" else i + 1
    if counted is None or (follows and s.shape[i + 1] == "x" and s.key[i + 1] not in ("và", "khích", "cho", "cùng")):
        return None
    return Honour(form, "prize", counted[0], min(last, end), prize.rule, -1, -1, counted[1], counted[2])


def _honour_at(
    knowledge: Knowledge, s: Syllables, i: int, j: int, entry: HonourEntry, first: int, end: int
) -> Honour | None:
    if entry.honours[0] == "giải thưởng" and j == i + 1 and not _prize_word(s, i, j, first, end):
        return None
    inner = knowledge.honours.at(s.key, j - 1, end) if j - i >= 2 else None
    if entry.role == "verb" and inner is not None and inner[0] > j:
        return None  # "trao" + "giải thưởng", not "trao giải" + "thưởng"
    if (
        s.key[i] == "thưởng"
        and j == i + 1
        and (
            i == first
            or s.key[j : j + 1] != ["cho"]
            or s.key[i - 1] in ("giải", "tiền", "phần", "khen", "trao", "tặng", "mức")
        )
    ):
        return None
    if (
        s.key[i] == "cờ"
        and j == i + 1
        and (i == first or s.key[i - 1] in ("lá", "treo", "chào", "lễ", "chơi", "bàn", "đánh"))
    ):
        return None
    if (
        s.key[i] == "khen"
        and j == i + 1
        and (
            (i > first and s.key[i - 1] in ("bằng", "giấy", "được", "lời", "thư"))
            or not (s.key[j : j + 1] == ["cho"] or (j < end and s.shape[j] == "d"))
        )
    ):
        return None
    last = _with_rank(s, j, end, entry)
    title = (-1, -1)
    form = s.text(i, last).lower()
    if entry.role == "title" and not entry.named:
        title, form = (i, _to_place_end(s, last, end)), entry.form or "danh hiệu"
    elif entry.named or entry.role == "title":
        title = title_after(s, last, end)
        if form == "giải thưởng" and title != (-1, -1) and s.shape[title[0]] == "x" and s.key[title[0] - 1] == '"':
            title = (-1, -1)  # a quote that goes on about something else
        if title == (-1, -1) and form == "giải thưởng":
            title = _lower_name(s, last, end)
    elif entry.id == "recognition" and i > first and "được" in s.key[max(first, i - 8) : i]:
        named = _recognized_as(s, last, end)
        if named[0] >= 0:
            return Honour("danh hiệu", "title", i, last, f"rule:honours.{entry.id}", *named)
    elif entry.role in ("noun", "verb") and last < end and s.key[last] == '"' and s.gap[last] != "\n":
        title = quoted(s, last, end)
    elif entry.id == "prizes" and last < end and s.shape[last] in "XA" and s.gap[last] == " ":
        named = title_after(s, last, end)
        title = (i, named[1]) if named[1] - last >= 2 else title
        if entry.honours[0] == "giải thưởng":
            # "Giải thưởng …", "giải …": the name that follows makes the award's title
            form = "giải thưởng" if j - i == 2 or title != (-1, -1) else "giải"
    if entry.form and entry.role != "title":
        form = entry.form
    begin, count, approximate = i, None, False
    if entry.role in ("prize", "noun"):
        counted = _count_before(knowledge, s, i, first)
        if counted is not None:
            begin, count, approximate = counted
    return Honour(form, entry.role, begin, last, f"rule:honours.{entry.id}", *title, count, approximate)


def _prize_word(s: Syllables, i: int, j: int, first: int, end: int) -> bool:
    """``giải`` alone is a prize when counted or given, not in ``giải quyết``, ``lời giải``, ``giải bóng đá``."""
    if i > first and s.key[i - 1] in (
        "lời",
        "lý",
        "hòa",
        "nan",
        "áp",
        "phân",
        "tháo",
        "cởi",
        "bài",
        "đáp",
        "một",
        "khuyên",
        "hóa",
        "kết",
    ):
        return False
    if j < end and s.key[j] == '"' and s.gap[j] != "\n":
        return True
    if i > first and (
        s.shape[i - 1] == "d" or s.key[i - 1] in ("trao", "đạt", "đoạt", "giành", "nhận", "thắng", "các")
    ):
        return j >= end or s.key[j] not in (
            "pháp",
            "quyết",
            "trí",
            "phóng",
            "ngân",
            "thích",
            "đấu",
            "tỏa",
            "cứu",
            "mã",
            "bóng",
            "chạy",
            "đua",
            "vô",
            "cờ",
            "quần",
            "toán",
        )
    return False


def _with_rank(s: Syllables, j: int, end: int, entry: HonourEntry) -> int:
    """``hạng Ba``; what names an order of another country (``Huân chương Hữu nghị hạng Sê-na``)."""
    if entry.id == "orders" and j < end and s.shape[j] in "XA" and s.key[j] != "của":
        m = j
        while (
            m < end
            and s.gap[m] == " "
            and (
                s.shape[m] in "XA"
                or (m > j and s.shape[m] == "x" and s.key[m] not in _STOP_TITLE and s.key[m] != "hạng" and m - j < 2)
            )
        ):
            m += 1
        j = m
    if j + 1 < end and s.key[j] == "hạng":
        j += 2
        while j + 1 < end and s.key[j] == "-" and s.shape[j + 1] in "Xx" and s.gap[j] != "\n":
            j += 2
    return j


def _to_place_end(s: Syllables, j: int, end: int) -> int:
    """``Chiến sĩ thi đua cơ sở``, ``… cấp tỉnh``, ``… tỉnh Hậu Giang``, ``… toàn quốc``: the level is in the title."""
    m = j
    if m < end and s.key[m] in ("cấp", "cơ", "toàn", "tỉnh", "ngành", "huyện", "thành"):
        m += 2 if s.key[m] in ("cấp", "cơ", "toàn", "thành") else 1
        while m < end and s.shape[m] in "XA" and s.gap[m] == " ":
            m += 1
    return min(m, end)


def _count_before(knowledge: Knowledge, s: Syllables, i: int, first: int) -> tuple[int, int, bool] | None:
    """The number that counts the honour itself: ``15 giải nhì``, ``20 lá cờ thi đua``, ``hai huy chương vàng``."""
    end = i
    if end > first and s.key[end - 1] in ("tấm", "chiếc", "lá", "suất", "bức"):
        end -= 1
    for begin in range(max(first, end - 6), end):
        number = number_at(knowledge, s, begin, end)
        if number is not None and number[1] == end and number[0] > 0:
            if not counts(knowledge, s, begin, first) or (
                s.key[begin] in ("năm",) and begin == end - 1 and s.gap[begin] == "\n"
            ):
                return None
            approximate, at = approximated(knowledge, s, begin, first)
            return at, number[0], approximate
    return None


def title_after(s: Syllables, j: int, end: int) -> tuple[int, int]:
    """The name that an honour goes on with: in quotes (closed or not), or capitals; ``(-1, -1)`` when none does.

    After ``danh hiệu`` a name may stand in lower case: it goes on to the next sign, number or small word.
    """
    m = j
    while m < end and s.key[m] in ("là", "cao", "quý", ":", "toàn", "quốc", "về", "mang", "tên"):
        m += 1
    if m >= end or s.gap[m] == "\n":
        return -1, -1
    if s.shape[m] == "d" and s.key[j - 1] == "hiệu" and s.key[m + 1 : m + 2] == ["năm"] and m + 2 <= end:
        aged = s.key[m + 2 : m + 4] == ["tuổi", "đảng"] and m + 4 <= end  # Huy hiệu 40 năm tuổi Đảng
        return m, m + 4 if aged else m + 2
    if s.key[m] in ('"', "'"):
        return quoted(s, m, end)
    if s.shape[m] == "d" and not (m + 1 < end and s.shape[m + 1] == "x" and s.key[m - 1] == "hiệu"):
        return -1, -1
    lower_ok = s.key[j - 1] == "hiệu" and s.key[j - 2] == "danh"
    if s.shape[m] not in "XAU" and not (
        lower_ok and s.shape[m] == "x" and s.key[m] not in _STOP_TITLE and s.key[m] != "cấp"
    ):
        return -1, -1
    last = m
    while last < end and last - m < 16 and s.gap[last] != "\n":
        if s.shape[last] == "p" and not (
            s.key[last] in ("-", "&")
            or (
                s.key[last] == ","
                and last + 1 < end
                and s.shape[last + 1] == "x"
                and s.key[last + 1] in ("ấm", "đảm", "tiến")
            )
        ):
            break
        if (
            s.shape[last] == "d"
            and last > m
            and not (
                s.shape[last - 1] == "x" and last + 1 < end and s.key[last + 1] in ("tốt", "không", "có", "sạch", "rèn")
            )
        ):
            break
        if s.shape[last] == "x" and s.key[last] in _STOP_TITLE and last > m:
            break
        last += 1
    return (m, last) if last > m else (-1, -1)


def _recognized_as(s: Syllables, j: int, end: int) -> tuple[int, int]:
    """``được công nhận “Làng văn hóa”``, ``… (là) gia đình 5 không, 3 sạch``: recognition under a name is a title."""
    m = j
    while m < end and s.key[m] in ("là", "đạt", "chuẩn"):
        m += 1
    if m >= end or s.gap[m] == "\n":
        return -1, -1
    if s.key[m] == '"':
        return quoted(s, m, end)
    last = m
    while (
        last < end
        and last - m < 12
        and s.gap[last] != "\n"
        and not (s.shape[last] == "x" and s.key[last] in _STOP_TITLE)
    ):
        if s.shape[last] == "p" and not (
            s.key[last] == ","
            and s.shape[last + 1 : last + 2] == ["d"]
            and s.key[last + 2 : last + 3] in (["sạch"], ["có"])
        ):
            break
        last += 1
    return (m, last) if last - m >= 3 and s.shape[m] in "xXA" else (-1, -1)


_NO_NAME = {
    "tương",
    "cuộc",
    "cấp",
    "này",
    "nam",
    "nay",
    "cao",
    "lớn",
    "quý",
    "danh",
    "trên",
    "nhất",
    "và",
    "được",
    "là",
    "trị",
    "đó",
    "khác",
    "trong",
    "có",
    "đã",
    "thường",
    "hàng",
    "hằng",
    "uy",
    "đặc",
    "mang",
    "giá",
    "chính",
    "tiền",
    "cá",
    "tập",
}


def _lower_name(s: Syllables, j: int, end: int) -> tuple[int, int]:
    """``giải thưởng tình nguyện quốc gia``, ``giải thưởng toàn quốc về thông tin đối ngoại``: a name in lower case."""
    if j >= end or s.shape[j] != "x" or s.key[j] in _NO_NAME or s.key[j] in _STOP_TITLE or s.gap[j] == "\n":
        return -1, -1
    m = j
    while (
        m < end
        and m - j < 12
        and s.shape[m] in "xX"
        and s.gap[m] != "\n"
        and (s.key[m] not in _STOP_TITLE or s.key[m] in ("về", "và"))
    ):
        m += 1
    while m > j and s.key[m - 1] in ("về", "và"):
        m -= 1
    return (j, m) if m - j >= 3 else (-1, -1)


# First syllables of what a count after an unclosed quote counts.
_COUNTED = frozenset(
    [
        "tập",
        "cá",
        "học",
        "đơn",
        "gương",
        "hộ",
        "gia",
        "đồng",
        "cán",
        "đoàn",
        "hội",
        "chi",
        "sinh",
        "thanh",
        "người",
        "em",
        "giáo",
        "đội",
        "tác",
        "mô",
        "công",
    ]
)


def quoted(s: Syllables, i: int, end: int) -> tuple[int, int]:
    """What stands in the quotes that open at ``i``; an unclosed quote ends at the next comma or the sentence's end."""
    sign = s.key[i]
    depth = 0
    for m in range(i + 1, min(end, i + 45)):
        if s.key[m] == sign:
            opens = s.gap[m] != "" and m + 1 < end and s.gap[m + 1] == "" and s.shape[m + 1] != "p"
            if (
                opens
                and depth == 0
                and any(s.key[n] == sign for n in range(m + 1, min(end, m + 20)))
                and not _closed_before(s, m)
            ):
                depth += 1
                continue
            if depth:
                depth -= 1
                continue
            return (i + 1, m) if m > i + 1 else (-1, -1)
    for m in range(i + 1, end):
        counts = s.shape[m] == "d" and m - i > 2 and m + 1 < end and s.key[m + 1] in _COUNTED
        gives = s.key[m] == "cho" and m + 1 < end and s.shape[m + 1] == "d"
        if s.key[m] in (",", ";", ".", ":") or m - i > 20 or counts or gives:
            return i + 1, m
    return (i + 1, end) if end > i + 1 else (-1, -1)


def _closed_before(s: Syllables, m: int) -> bool:
    """A comma before a second opening sign says that the first quote was never closed."""
    return s.key[m - 1] in (",", ";", "và")
