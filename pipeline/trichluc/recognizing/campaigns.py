"""Names of campaigns: after their kind word in quotes or capitals, in lists (``các chương trình: A, B``), known."""

from __future__ import annotations

from collections.abc import Iterator

from ..annotations import Mention, Remark, Syllables
from ..knowledge import CampaignWord, Knowledge
from .honours import quoted
from .organizations import Words

_CAPITAL = frozenset("XAU")
_SEPARATORS = {",", ";", "và", "hay", "hoặc", "cùng"}
_INTRODUCE = {
    ("với", "chủ", "đề"),
    ("mang", "tên"),
    ("có", "tên"),
    ("với", "tên", "gọi"),
    ("chủ", "đề"),
    ("như",),
    ("là",),
    ("gồm",),
    (":",),
    ("mang", "chủ", "đề"),
    ("tên",),
    ("đó", "là"),
    ("như", ":"),
    ("gọi", "là"),
}
_LONGEST = 30
# What may follow in lower case in the name of an Olympiad or a cup.
_SUBJECTS = frozenset(
    ["học", "lý", "sử", "địa", "quốc", "tế", "gia", "khu", "vực", "châu", "á", "âu", "toàn", "sinh", "viên", "trẻ"]
)


class CampaignGrammar:
    """Finds campaign names in the syllables of one report; ``taken`` are syllables inside organization names."""

    def __init__(self, knowledge: Knowledge, s: Syllables, words: Words, taken: set[int]) -> None:
        self.k = knowledge
        self.s = s
        self.words = words
        self.taken = taken
        self.remarks: list[Remark] = []
        self.at_war = False  # a report of fighting: its campaigns are operations

    def in_sentence(self, first: int, end: int) -> Iterator[Mention]:
        """Campaign mentions of one sentence, in order."""
        i, begins = first, self.k.campaign_beginnings
        self._war = self.at_war or self.has("military", first, end)
        self._sale = self.has("sales", first, end)
        while i < end:
            if self.s.key[i] not in begins:
                i += 1
                continue
            found = list(self._at(i, first, end))
            yield from found
            i = max([i + 1, *(m.last for m in found)])

    def has(self, role: str, first: int, end: int) -> bool:
        return self.k.cues[role].first_in(self.s.key, first, end) is not None

    def _at(self, i: int, first: int, end: int) -> Iterator[Mention]:
        excluded = self.k.exclusions.at(self.s.key, i, end)
        word = self.k.campaign_words.at(self.s.key, i, end)
        if word is not None and excluded is not None and excluded[0] > word[0]:
            return
        if word is not None and not (i in self.taken and i - 1 in self.taken):
            kind = word[1].kind
            if (self._war and kind in ("campaign", "movement")) or (self._sale and kind in ("programme", "campaign")):
                return
            found = list(self._after_word(i, word[0], word[1], first, end))
            if found:
                yield from found
                return
        named = self._named(i, first, end, None)
        if named is not None:
            yield named

    def _after_word(self, i: int, j: int, entry: CampaignWord, first: int, end: int) -> Iterator[Mention]:
        s = self.s
        plural = (i > first and s.key[i - 1] in ("các", "những", "nhiều", "ba", "hai", "bốn", "năm")) or s.shape[
            i - 1
        ] == "d"
        # A word that shows names only in quotes (hưởng ứng, hoạt động) says nothing of the kind of a known one.
        told = entry.kind if entry.takes == "capital" else None
        name, introduced = self._skip_to_name(j, end, entry)
        if j < end and s.gap[j] != "\n" and self._named(j, first, end, told) is not None:
            name = j  # chiến dịch thanh niên tình nguyện hè: the words of the name are no modifiers
        if name >= end or s.gap[name] == "\n":
            return
        source = f"rule:campaign_words.{entry.id}"
        if s.key[name] in ('"', "'"):
            yield from self._quoted_list(name, end, entry.kind, source)
            return
        if plural:
            if introduced:
                yield from self._list(name, end, entry, source)
            return
        if entry.takes == "capital" and s.shape[name] in "XA" and name not in self.taken:
            last = self._name_end(name, end)
            if self._is_name(name, last):
                yield self._mention(entry.kind, name, last, end, source, 0.8)
                yield from self._list_tail(last, end, entry, source)
            return
        known = self._named(name, first, end, told)
        if known is not None:
            if s.shape[i] == "X" and i > first and name == j and s.shape[name] == "x":
                known.first = i  # Chiến dịch xuân biên giới: the kind word is part of the name
            yield known
            return
        opens = s.key[i - 1] in ('"', ":", "-", "'", "(") if i > first else True
        if (
            s.shape[i] == "X"
            and not opens
            and name == j
            and entry.takes == "capital"
            and s.shape[j] == "x"
            and not self._bounds(j, end)
        ):
            last = self._name_end(j, end)
            if last - j >= 2 and entry.kind not in ("contest",):
                yield self._mention(entry.kind, i, last, end, source, 0.75)

    def _skip_to_name(self, j: int, end: int, entry: CampaignWord) -> tuple[int, bool]:
        """Step over modifiers and introducing words; says whether one of ``: như gồm là`` was among them."""
        s, introduced = self.s, False
        modifiers = sorted((tuple(m.lower().split()) for m in entry.modifiers), key=len, reverse=True)
        for _ in range(4):
            step = next(
                (
                    len(m)
                    for m in modifiers
                    if tuple(s.key[j : j + len(m)]) == m and j + len(m) <= end and s.shape[j] == "x"
                ),
                0,
            )
            if not step:
                step = next(
                    (len(w) for w in sorted(_INTRODUCE, key=len, reverse=True) if tuple(s.key[j : j + len(w)]) == w), 0
                )
                introduced = introduced or step > 0
            if not step or j + step >= end:
                break
            j += step
        return j, introduced

    def _quoted_list(self, i: int, end: int, kind: str, source: str) -> Iterator[Mention]:
        """``“A”, “B” và “C”``: each name of the same kind."""
        s = self.s
        while i < end and s.key[i] in ('"', "'"):
            first, last = quoted(s, i, end)
            if first < 0 or last - first > _LONGEST:
                return
            closed = last < end and s.key[last] in ('"', "'")
            if last - first >= 2 or s.shape[first] in "XA":
                sure = 0.92 if closed else 0.7
                sure -= 0.1 if source.endswith(".launched") else 0.0  # a verb says less of the kind than a noun
                yield self._mention(kind, first, last, end, source, sure)
            i = last + 1 if closed else last
            if i < end and s.key[i] == "(":
                while i < end and s.key[i] != ")":
                    i += 1
                i += 1
            if i + 1 < end and s.key[i] in ("năm",) and s.shape[i + 1] == "d":
                i += 2
            steps = 0
            while i < end and s.key[i] in _SEPARATORS and steps < 2:
                i += 1
                steps += 1
            if not steps:
                return

    def _list(self, i: int, end: int, entry: CampaignWord, source: str) -> Iterator[Mention]:
        """Items after ``các chương trình:``, each with its own kind word or that of the list."""
        s = self.s
        while i < end:
            item_end = i
            while (
                item_end < end
                and s.key[item_end] not in (",", ";", "…", ".", ":")
                and not (
                    s.key[item_end] == "và"
                    and item_end > i
                    and item_end + 1 < end
                    and (s.shape[item_end + 1] in "XA" or s.key[item_end + 1] == '"')
                )
            ):
                item_end += 1
            yield from self._item(i, min(item_end, end), entry, source)
            i = item_end + 1
            while i < end and s.key[i] in (",", ";", "và", "…"):
                i += 1
            if item_end >= end or s.key[item_end] in (".", ":"):
                return
            if (
                i < end
                and s.shape[i] == "x"
                and self.k.campaign_names.at(s.key, i, end) is None
                and self.k.campaign_words.at(s.key, i, end) is None
            ):
                return

    def _item(self, i: int, end: int, entry: CampaignWord, source: str) -> Iterator[Mention]:
        s = self.s
        if i >= end:
            return
        if s.key[i] in ('"', "'"):
            yield from self._quoted_list(i, end, entry.kind, source)
            return
        own = self.k.campaign_words.at(s.key, i, end)
        known = self._named(i, i, end, None)
        if own is not None and own[0] < end and s.key[own[0]] in ('"', "'"):
            yield from self._quoted_list(own[0], end, own[1].kind, source)
            return
        if known is not None and known.last >= self._item_end(i, end):
            if known.kind == "campaign" and own is None:
                known.kind = entry.kind  # "các chương trình: …, Xuân tình nguyện": the list says what it is
            yield known
            return
        last = self._item_end(i, end)
        if s.shape[i] in _CAPITAL and i not in self.taken and 2 <= last - i <= 14:
            yield self._mention(own[1].kind if own else entry.kind, i, last, end, source, 0.75)

    def _item_end(self, i: int, end: int) -> int:
        """An item of a list reaches to its comma, or to its year."""
        s = self.s
        year = next(
            (m for m in range(i + 1, end) if s.key[m] == "năm" and (m + 1 >= end or s.shape[m + 1] in "dp")), end
        )
        return with_year(self.s, year, end) if year < end else end

    def _list_tail(self, i: int, end: int, entry: CampaignWord, source: str) -> Iterator[Mention]:
        """``chiến dịch Kỳ nghỉ hồng, Mùa hè xanh``: names of the same kind that go on after a comma."""
        s = self.s
        while i + 1 < end and s.key[i] in (",", "và"):
            known = self.k.campaign_names.at(s.key, i + 1, end)
            if known is None or s.shape[i + 1] not in "XA":
                return
            last = self._name_end(i + 1, end)
            yield self._mention(entry.kind, i + 1, max(last, known[0]), end, source, 0.8)
            i = max(last, known[0])

    def _named(self, i: int, first: int, end: int, kind: str | None) -> Mention | None:
        """A campaign known by name; ``kind`` is that of the kind word before it, if one stands there."""
        s = self.s
        found = self.k.campaign_names.at(s.key, i, end)
        if found is None or i in self.taken:
            return None
        last, (entry, _) = found
        if entry.needs_word and kind is None:
            return None
        if entry.cased and s.shape[i] == "x" and kind is None:
            return None
        if not entry.cased and s.shape[i] == "x" and kind is None and (entry.kind != "period" or last - i < 3):
            return None
        bare = last
        going_on = ("XA", _SUBJECTS) if entry.kind == "contest" else ("XA", frozenset[str]())
        while (
            last < end
            and s.gap[last] == " "
            and last not in self.taken
            and (s.shape[last] in going_on[0] or s.key[last] in going_on[1])
        ):
            last += 1
        if (
            entry.kind == "contest"
            and last < end
            and s.shape[last] == "d"
            and len(s.norm[last]) <= 2
            and s.gap[last] == " "
        ):
            last += 1  # SEA Games 30
        if s.key[i] == "olympic" and not any(s.shape[m] in "XA" for m in range(bare, last)):
            return None  # the Games in general
        return self._mention(
            kind or entry.kind, i, with_year(self.s, last, end), end, f"rule:campaign_names.{entry.id}", 0.85
        )

    def _goes_on(self, m: int, end: int) -> bool:
        """``Ước mơ`` + ``của Thuý``, ``Khởi nghiệp`` + ``từ OCOP``: two syllables are seldom a whole name."""
        s = self.s
        return (
            s.key[m] in ("của", "cho", "từ", "vì", "cùng", "với")
            and m + 1 < end
            and (s.shape[m + 1] in "XA" or s.shape[m - 1] == "x")
        )

    def _bounds(self, m: int, end: int) -> bool:
        """Does a small word begin a new phrase here? One inside a word does not: ``công`` + ``nhân``."""
        if self.s.shape[m] != "x":
            return False
        found = self.k.cues["boundary"].at(self.s.key, m, end)
        return found is not None and self.words.starts(m) and self.words.end_of(found[0] - 1) == found[0]

    def _name_end(self, i: int, end: int) -> int:
        """How far an unquoted name reaches: to a sign, a small word that begins a new phrase, or a body's name."""
        s = self.s
        m = i
        while (m < end and m - i < 16 and s.gap[m] != "\n") or m == i:
            if m > i:
                credit = m + 1 < end and s.key[m + 1] in ("ảnh", "báo", "gọi", "giải", "do")
                if s.shape[m] == "p" and not (s.key[m] in ("-", "&") and m + 1 < end and not credit):
                    break
                # A short name goes on through a small word: Ước mơ của Thuý, Sáng tạo cho ngày mai
                if self._bounds(m, end) and not (m - i == 2 and self._goes_on(m, end)):
                    break
                if m in self.taken and s.shape[m] in "XA":
                    break
                if s.key[m] == "và" and (
                    m + 1 >= end
                    or s.shape[m + 1] in "XA"
                    or s.key[m + 1] in ("các", "những", "nhiều", "phong", "cuộc", "chương")
                ):
                    break
                if s.key[m] == "năm":
                    return with_year(self.s, m, end) if with_year(self.s, m, end) > m else m
            m += 1
        while m > i + 1 and s.key[m - 1] in ("và", "-", "&", "trong"):
            m -= 1
        return m

    def _is_name(self, first: int, last: int) -> bool:
        s = self.s
        plain = last
        while plain > first and (s.shape[plain - 1] == "d" or s.key[plain - 1] == "năm"):
            plain -= 1
        if plain - first >= 2:
            numbered = s.shape[last - 1] == "d" and not s.is_year(last - 1)
            return not numbered and not all(s.shape[m] in "Ad" for m in range(first, plain))
        last = plain
        if last == first:
            return False
        return s.shape[first] == "X" and s.norm[first].isascii() and len(s.norm[first]) > 4

    def _mention(self, kind: str, first: int, last: int, end: int, source: str, confidence: float) -> Mention:
        s = self.s
        if (
            last < end
            and s.key[last] == "năm"
            and s.gap[last] == " "
            and (last + 1 >= end or s.key[last + 1] in (",", ";", "…", ".", "và"))
        ):
            self.remarks.append(Remark("missing_year", first, last + 1))
        return Mention(kind, first, last, source, confidence, year_of(s, first, last, end))


def year_of(s: Syllables, first: int, last: int, end: int) -> int | None:
    """The year in a name, or right after it in a sentence that ends at ``end``: ``“Mùa hè xanh” năm 2019``."""
    year = year_in(s, first, last)
    if year is not None:
        return year
    after = last + 1 if last < end and s.key[last] in ('"', "'") else last
    if after < end and s.key[after] == "toàn":
        after += 2
    return year_in(s, after, with_year(s, after, end)) if after < end else None


def with_year(s: Syllables, last: int, end: int) -> int:
    """A year right after the name belongs to it: ``Tháng Thanh niên 2019``, ``Xuân tình nguyện năm 2017``."""
    if last < end and s.is_year(last) and s.gap[last] == " ":
        return last + 1
    if last + 1 < end and s.key[last] == "năm" and s.is_year(last + 1):
        if last + 2 < end and s.key[last + 2] in ("-", "–") and last + 3 < end and s.is_year(last + 3):
            return last
        return last + 2
    return last


def year_in(s: Syllables, first: int, last: int) -> int | None:
    """The one year named between two syllables; a range of years or a school year is none."""
    years = [i for i in range(first, min(last, len(s))) if s.is_year(i)]
    if len({s.norm[i] for i in years}) != 1:
        return None
    i = years[0]
    if i > 1 and s.key[i - 1] == "học" and s.key[i - 2] == "năm":
        return None
    if i + 1 < len(s) and s.key[i + 1] == "-" and i + 2 < len(s) and s.is_year(i + 2):
        return None
    if i > 1 and s.key[i - 1] == "-" and s.is_year(i - 2):
        return None
    return int(s.norm[i])


def campaigns(
    knowledge: Knowledge, s: Syllables, sentences: list[tuple[int, int]], words: Words, bodies: list[Mention]
) -> tuple[list[Mention], list[Remark]]:
    """Every campaign mention of a report, in order, and what was odd about them."""
    taken = {i for b in bodies for i in range(b.first, b.last)}
    grammar = CampaignGrammar(knowledge, s, words, taken)
    grammar.at_war = sum(grammar.has("military", first, end) for first, end in sentences) > max(2, len(sentences) // 8)
    found = [m for first, end in sentences for m in grammar.in_sentence(first, end)]
    return found, grammar.remarks
