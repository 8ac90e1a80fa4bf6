"""A grammar of Vietnamese body names: head + (field | unit with place | place | name | quote | another body)*.

``Ban Thường vụ`` + ``Huyện đoàn`` + ``Quế Sơn``; ``Phòng`` + ``Cảnh sát hình sự`` + ``Công an`` + ``tỉnh Tiền Giang``.
Which heads there are and how each may go on is data (``knowledge/organizations.yaml``); this module walks over it.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex

from ..annotations import Mention, Syllables
from ..knowledge import Knowledge, OrganizationHead, TailStep
from ..places import known_places
from ..preparing import DIGIT_DOT

_CAPITAL = frozenset("XA")
_TONE_MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323")
# A unit may stand without its place's name (UBND tỉnh); the smallest ones may not.
_BARE_UNITS = {"tỉnh", "huyện", "thành phố", "tp", "thị xã", "quận", "xã", "phường", "thị trấn", "thủ đô"}
_SHORT_UNITS = {"tp", "tx", "tt", "q", "p", "h", "x"}
# Units that are named by numbers: quận 10, phường 5, thôn 3.
_NUMBERED_UNITS = {"quận", "phường", "q", "p", "thôn", "ấp", "bản", "khóm", "buôn", "tổ", "khu", "xóm"}
_CENTRAL = (("trung", "ương"), ("quốc", "gia"), ("thế", "giới"), ("toàn", "quốc"), ("nhà", "trường"), ("nhà", "nước"))
_CONNECTORS = {"và", "các", "&"}
_TWO_PART_PLACES = {("thiên", "huế"), ("rịa", "vũng"), ("rang", "tháp"), ("nha", "kẻ")}
_DEEPEST = 8
_ALL_LEVELS = {"các", "cấp", "hai", "trực"}


@dataclass(slots=True)
class Body:
    """A parsed name: where it ends, its outermost and innermost head, and what it is built of.

    ``placed``: a place or proper name closes it (``UBND tỉnh``, ``Hội Nông dân xã Tân Lập``).
    """

    last: int
    entry: OrganizationHead
    inner: OrganizationHead
    proper: bool
    bare_unit: bool
    placed: bool


# A Vietnamese syllable: initial consonant, vowels (with the glides written i, y, o, u), one of eight finals.
_SYLLABLE = regex.compile(
    r"(?:ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdđghklmnprstvx])?[aăâeêioôơuưy]{1,3}(?:ng|nh|ch|[cmnpt])?"
)


def is_foreign(syllable: str) -> bool:
    """Is this no Vietnamese syllable?

    >>> [w for w in ("Nguyễn", "Laurent", "Amsterdam", "Hạnh", "GreenFeed", "Cường", "Invest") if is_foreign(w)]
    ['Laurent', 'Amsterdam', 'GreenFeed', 'Invest']
    """
    if syllable.isupper():
        return False  # an abbreviation may be of either
    bare = "".join(c for c in unicodedata.normalize("NFD", syllable.lower()) if c not in _TONE_MARKS)
    return _SYLLABLE.fullmatch(unicodedata.normalize("NFC", bare)) is None


class BodyGrammar:
    """Parses body names in the syllables of one report."""

    def __init__(self, knowledge: Knowledge, syllables: Syllables, words: Words) -> None:
        self.k = knowledge
        self.s = syllables
        self.words = words
        self._plurals = frozenset(keys[0] for keys, _ in knowledge.cues["plural"] if len(keys) == 1)
        self._depth = 0
        self._known: dict[tuple[int, int], tuple[Body | None]] = {}

    def body_at(self, i: int, end: int, first: int) -> Body | None:
        """The body whose name begins at syllable ``i`` of a sentence ``first`` to ``end``, if one does."""
        # Heads may repeat without end in hostile text: results are kept, and nesting has a limit.
        known = self._known.get((i, self._depth))
        if known is not None:
            return known[0]
        best: Body | None = None
        longest = 0
        self._depth += 1
        for j, entry in self.k.heads.all_at(self.s.key, i, end) if self._depth <= _DEEPEST else ():
            longest = max(longest, j)
            body = self._from_head(i, j, entry, end, first)
            # A shorter head may not make a name of the longer one's own words: các trường | ĐH
            if body is not None and body.last >= longest and (best is None or body.last > best.last):
                best = body
        self._depth -= 1
        self._known[i, self._depth] = (best,)
        return best

    def _from_head(self, i: int, j: int, entry: OrganizationHead, end: int, first: int) -> Body | None:
        s = self.s
        if s.shape[i] == "x" and entry.lower == "never":
            return None
        if j - i == 1 and i > first and s.shape[i] == "X" == s.shape[i - 1] and s.gap[i] == " ":
            return None  # Võ Trường Toản, Tây Ban Nha: inside another name
        body = self._tail(i, j, end, entry, first)
        if body is None:
            return self._alone(i, j, end, entry)
        if not self._accept(i, j, body, first, end):
            return None
        if s.shape[i] == "x" and j - i == 1 and not self.words.starts(i):
            return None
        return body

    def _alone(self, i: int, j: int, end: int, entry: OrganizationHead) -> Body | None:
        s = self.s
        if j < end and s.key[j] in _ALL_LEVELS and s.gap[j] != "\n":
            return None
        if entry.alone == "always" or (entry.alone == "capital" and s.shape[i] != "x"):
            return Body(j, entry, entry, False, False, False)
        return None

    def _accept(self, i: int, j: int, body: Body, first: int, end: int) -> bool:
        s, entry = self.s, body.entry
        if body.last == j:
            return False
        if s.shape[i] == "x" and entry.lower == "capital" and not (body.proper or s.shape[j] in "XAU"):
            return False
        if s.shape[i] == "x" and j - i == 1 and entry.kind == "other" and self.k.cues["unit"].at(s.key, j, end):
            return False  # đội xã Hòa Phú
        if s.shape[i] == "x" and s.shape[j] == "d" and j - i == 1 and entry.kind not in ("military", "police"):
            return False
        if i > first and s.key[i - 1] in self._plurals and not body.proper:
            return False
        if body.last < end and s.key[body.last] in _ALL_LEVELS and not body.placed and s.gap[body.last] != "\n":
            return False  # Hội Cựu chiến binh các xã
        if not entry.generic or body.proper:
            return True
        if body.bare_unit:
            return entry.kind not in ("company", "media") and not (s.shape[i] == "x" and entry.kind == "school")
        # Inside a sentence a capital on the head itself makes a name of lower-case words: Sở tài chính.
        return s.shape[i] in _CAPITAL and i > first and entry.kind in ("state", "police", "military", "party")

    def _tail(self, i: int, j: int, end: int, entry: OrganizationHead, first: int) -> Body | None:
        """Walk over what follows the head; ``None`` when nothing of the name does."""
        s, steps = self.s, entry.tail
        start, proper, bare = j, False, False
        office = self._after_office(i, first)
        closed = False  # a place or proper name was read: lower-case words do not go on after it
        while (j < end and s.gap[j] != "\n") or (j < end and s.key[j - 1] == "."):
            if "organ" in steps:
                nested = self._nested(j, end, first)
                if nested is not None:
                    proper = nested.proper or nested.inner.alone != "never"
                    return Body(nested.last, entry, nested.inner, proper, nested.bare_unit, nested.placed)
            if closed and s.shape[j] in _CAPITAL and s.gap[j] == " " and s.shape[j - 1] in _CAPITAL:
                break  # a person's name was cut off here
            field_end = self._field(j, end) if "field" in steps and not (closed and s.shape[j] in "xp") else j
            if closed and s.key[j : j + 2] == ["chi", "nhánh"] and entry.kind == "company":
                field_end = j + 2
            unit = self._unit(j, end) if "unit" in steps else None
            if unit is not None and unit[0] >= field_end:
                j, named = unit
                proper, bare, closed = proper or named, not named, True
                if bare:
                    break
                continue
            if field_end > j:
                # A capital inside the field counts as a proper name only when the words are not merely a field
                proper = proper or any(s.shape[m] in _CAPITAL for m in range(j, field_end))
                j = field_end
                continue
            if office and j > start and entry.kind in ("state", "party", "police") and self._person_at(j, end):
                break
            step = self._proper(j, end, steps, start, office)
            if step > j:
                proper, j, closed = True, step, True
                continue
            if closed and entry.kind == "foreign" and s.key[j] in ("tại", "ở") and self._place(j + 1, end) > j + 1:
                j = self._place(j + 1, end)
                continue
            joined = self._joined(j, end, steps, start)
            if joined > j:
                j = joined
                continue
            break
        if j == start:
            return None
        return Body(j, entry, entry, proper, bare, closed)

    def _after_office(self, i: int, first: int) -> bool:
        """Does an office-holder's title stand before the body? Then a person's name may follow: Giám đốc Sở Y tế …"""
        office = self.k.cues["office"]
        return any(office.at(self.s.key, m, i) is not None for m in range(max(first, i - 3), i))

    def _person_at(self, j: int, end: int) -> bool:
        """A person's name of two to four capitals, not a place: Giám đốc Sở Nội vụ | Trần Anh."""
        last = self._capitals(j, end)
        named = self.k.cues["surname"].at(self.s.key, j, last) if last > j else None
        return named is not None and 2 <= last - j <= 4 and known_places().longest_prefix(self.s.key, j, last) < last

    def _nested(self, j: int, end: int, first: int) -> Body | None:
        s = self.s
        at = j + 1 if s.key[j] == "-" and j + 1 < end else j
        if at > j and s.shape[at] not in _CAPITAL and s.key[at] not in ("bộ", "tổng", "công", "ủy"):
            return None
        body = self.body_at(at, end, first)
        if body is not None and at > j and not (body.proper or body.placed or body.bare_unit):
            return None  # Đảng ủy - HĐND - UBND: bodies side by side
        return body

    def _field(self, j: int, end: int) -> int:
        """Field words with their connectors; ``j`` when none stands there."""
        s = self.s
        found = self.k.name_words.at(s.key, j, end)
        if found is None:
            return j
        if s.key[j] in _CONNECTORS and found[0] == j + 1:
            after = j + 1
            field = self._field(after, end) if after < end else after
            head = self.k.heads.at(s.key, after, end) if after < end and s.shape[after] in _CAPITAL else None
            return field if field > after and (head is None or head[0] < field) else j
        return found[0]

    def _unit(self, j: int, end: int) -> tuple[int, bool] | None:
        """A unit word with its place's name (then ``True``) or without."""
        s = self.s
        found = self.k.cues["unit"].at(s.key, j, end)
        short = s.key[j] in _SHORT_UNITS and s.shape[j] in "XAU"
        if found is None and not short:
            return None
        after = found[0] if found else j + 1
        if short and after < end and s.key[after] == "." and s.gap[after] == "":
            after += 1
        elif short and found is None and not (after < end and s.shape[after] == "d"):
            return None
        place = self._place(after, end)
        numbered = s.key[j] in _NUMBERED_UNITS
        if place > after and (s.shape[after] != "d" or numbered):
            return place, True
        word = " ".join(s.key[j : found[0]]) if found else s.key[j]
        if word in _BARE_UNITS:
            return (found[0] if found else j + 1), False
        return None

    def _place(self, j: int, end: int) -> int:
        """A place's name: a run of capitals cut before a person's name, or a number (quận 10)."""
        s = self.s
        if j >= end or (s.gap[j] == "\n" and s.key[j - 1] != "."):
            return j
        if s.shape[j] == "d":
            return j + 1 if len(s.norm[j]) <= 2 else j
        if s.shape[j] == "U":
            return known_places().longest_prefix(s.key, j, end)
        last = self._capitals(j, end)
        if last == j:
            return j
        surname = self.k.cues["surname"]
        country = self.k.cues["country"].at(s.key, j, last)
        if country is not None and country[0] < last and is_foreign(s.norm[country[0]]):
            return country[0]
        for m in range(j, last):
            if surname.at(s.key, m, last) is not None and (last - m >= 2 or m == j):
                known = known_places().longest_prefix(s.key, j, last)
                if known > m:
                    last = max(known, m)
                    continue
                if last - m >= 2 and last - m <= 4:
                    return max(m, known)
        if last + 1 < end and s.key[last] == "-" and s.shape[last + 1] in _CAPITAL:
            pair = (s.key[last - 1], s.key[last + 1])
            if pair in _TWO_PART_PLACES or (s.gap[last] == "" and s.gap[last + 1] == ""):
                return self._capitals(last + 1, end)
        return last

    def _capitals(self, j: int, end: int) -> int:
        """The run of capitalized syllables from ``j`` on."""
        s = self.s
        m = j
        while m < end and s.shape[m] in _CAPITAL and (m == j or s.gap[m] != "\n"):
            if m > j:
                head = self.k.heads.at(s.key, m, end)
                if head is not None and (head[0] - m >= 2 or (s.shape[m] == "A" and head[1].alone == "capital")):
                    break
            m += 1
            while m < end and s.shape[m] == "d" and s.gap[m] == "" and s.shape[m - 1] in _CAPITAL:
                m += 1  # VTV24, C04
            if m + 1 < end and s.key[m] == "'" and s.gap[m] == s.gap[m + 1] == "" and s.shape[m + 1] in "xX":
                m += 2  # Ea H'leo, Cư M'gar
        return m

    def _whole_word(self, m: int, end: int) -> int:
        """``Quỹ Tiếp`` + ``sức``: a capital that opens a word of lower-case syllables brings the word with it."""
        s = self.s
        if m < end and s.shape[m] == "x" and s.gap[m] == " " and s.shape[m - 1] == "X":
            return max(m, self.words.end_of(m - 1))
        return m

    def _proper(self, j: int, end: int, steps: list[TailStep], start: int, office: bool) -> int:
        """A proper name: place, capitals, number, quoted name; ``j`` when there is none."""
        s = self.s
        if "country" in steps:
            country = self.k.cues["country"].at(s.key, j, end)
            return country[0] if country is not None and s.shape[j] in "XAU" else j
        for pair in _CENTRAL:
            if (
                tuple(s.key[j : j + 2]) == pair
                and j + 2 <= end
                and ("place" in steps or "field" in steps or pair[0] == "nhà")
            ):
                return j + 2
        if s.shape[j] in _CAPITAL:
            if s.key[j] == "châu" or "name" not in steps:
                return self._place(j, end) if "place" in steps else j
            last = self._capitals(j, end)
            while (
                last < end
                and s.key[last] == "-"
                and last + 1 < end
                and s.shape[last + 1] in _CAPITAL
                and (
                    s.gap[last] == ""
                    or (s.key[last - 1], s.key[last + 1]) in _TWO_PART_PLACES
                    or (s.gap[last + 1] != "\n" and is_foreign(s.norm[last + 1]))  # Hà Nội - Amsterdam
                )
            ):
                last = self._capitals(last + 1, end)
            cut = self._before_person(j, last, office)
            known = max(
                (known_places().longest_prefix(s.key, m, last) for m in range(max(j, last - 3), last)), default=0
            )
            return cut if cut < last or known == last else self._whole_word(last, end)
        if s.key[j] == "châu" and j + 1 < end and s.shape[j + 1] in _CAPITAL:
            return j + 2
        if s.key[j] == "số" and j + 1 < end and s.shape[j + 1] == "d" and ("name" in steps or "number" in steps):
            return j + 2
        if s.shape[j] == "U" and ("place" in steps or "name" in steps) and not self.k.name_words.at(s.key, j, end):
            return known_places().longest_prefix(s.key, j, end, communes=False)
        if s.shape[j] == "d" and ("number" in steps or ("name" in steps and j > start)):
            if (
                s.key[j + 1 : j + 2] == ["/"]
                and s.shape[j + 2 : j + 3] == ["d"]
                and "field" in steps
                and "name" in steps
            ):
                return j + 3  # Trường Mầm non 19/5
            follows = j + 1 < end and s.gap[j + 1] != "\n" and s.shape[j + 1] == "x"
            counted = j + 1 < end and (
                s.key[j + 1] in ("/", "%", ".", ",", DIGIT_DOT)
                and s.gap[j + 1] == ""
                and j + 2 < end
                and s.shape[j + 2] == "d"
            )
            numbered = len(s.norm[j]) == 1 and "name" in steps and "organ" in steps  # Trường Tiểu học Hùng Sơn 1
            unit = (
                "number" in steps and s.shape[j - 1] in "xXA" and self.k.recipients.at(s.key, j + 1, end) is None
                if follows
                else True
            )
            return (
                j if len(s.norm[j]) > 4 or counted or (follows and j > start and not numbered and not unit) else j + 1
            )
        if s.key[j] == '"' and "quote" in steps and s.gap[j] != "\n":
            for m in range(j + 1, min(end, j + 14)):
                if s.key[m] == '"':
                    return m + 1
        return j

    def _before_person(self, j: int, last: int, office: bool) -> int:
        """Cut a person's name off a run that stands after an office: Giám đốc Công ty Hải Âu Lê Văn A."""
        country = self.k.cues["country"].at(self.s.key, j, last)
        if country is not None and country[0] < last and is_foreign(self.s.norm[country[0]]):
            return country[0]  # Bộ Nội vụ Pháp | Laurent Nunez
        surname = self.k.cues["surname"]
        for m in range(j + 1, last - 1):
            placed = known_places().longest_prefix(self.s.key, j, m) == m or (country is not None and country[0] == m)
            if not office and not placed:
                continue
            a_name = surname.at(self.s.key, m, last) is not None and 2 <= last - m <= 4
            if a_name and known_places().longest_prefix(self.s.key, j, last) <= m:
                return m
        return last

    def _joined(self, j: int, end: int, steps: list[TailStep], start: int) -> int:
        """A dash or ``&`` that goes on inside the name."""
        s = self.s
        if j + 1 >= end or j == start or s.key[j] not in ("-", "&", "+"):
            return j
        after = j + 1
        if s.gap[after] == "\n":
            return j
        if "field" in steps and self._field(after, end) > after and s.shape[after] in "xXAU":
            return self._field(after, end)
        if s.shape[after] in _CAPITAL and "name" in steps and (s.key[j] == "&" or s.gap[j] == "" == s.gap[after]):
            return self._capitals(after, end)
        return j


class Words:
    """underthesea's words of a report, asked for clause by clause, only where the grammar needs one.

    No word crosses a sign, and underthesea looks two syllables to each side: a clause says what its sentence would.
    """

    def __init__(
        self, s: Syllables, sentences: list[tuple[int, int]], segment: Callable[[int, int], list[tuple[int, int]]]
    ) -> None:
        self._segment = segment
        self._s = s
        self._firsts = [first for first, _ in sentences]
        self._sentences = sentences
        self._found: dict[int, tuple[int, int]] = {}

    def _word(self, i: int) -> tuple[int, int]:
        if i not in self._found:
            shape = self._s.shape
            begin, end = self._sentences[bisect_right(self._firsts, i) - 1]
            first = next((m + 1 for m in range(i - 1, begin - 1, -1) if shape[m] == "p"), begin)
            last = next((m for m in range(i + 1, end) if shape[m] == "p"), end)
            self._found.update((m, (a, b)) for a, b in self._segment(first, last) for m in range(a, b))
        return self._found[i]

    def starts(self, i: int) -> bool:
        """Does a word begin at syllable ``i``?"""
        return self._word(i)[0] == i

    def end_of(self, i: int) -> int:
        """Where the word that holds syllable ``i`` ends."""
        return self._word(i)[1]


def organizations(
    knowledge: Knowledge, s: Syllables, sentences: list[tuple[int, int]], words: Words
) -> Iterator[Mention]:
    """Every organization mention of a report, in order, none inside another."""
    grammar = BodyGrammar(knowledge, s, words)
    begins = knowledge.organization_beginnings
    for first, end in sentences:
        i = first
        while i < end:
            if s.key[i] not in begins:
                i += 1
                continue
            mention = _mention_at(grammar, i, end, first)
            if mention is not None:
                yield mention
                i = mention.last
            else:
                excluded = knowledge.exclusions.at(s.key, i, end)
                i = excluded[0] if excluded is not None else i + 1


def _excluded(grammar: BodyGrammar, i: int, end: int) -> bool:
    """``Hội đồng thi`` is excluded, ``Hội đồng Thi đua - Khen thưởng`` is not: the longer reading wins."""
    found = grammar.k.exclusions.at(grammar.s.key, i, end)
    if found is None:
        return False
    head = grammar.k.heads.at(grammar.s.key, i, end)
    return head is None or found[0] >= head[0]


def _mention_at(grammar: BodyGrammar, i: int, end: int, first: int) -> Mention | None:
    s = grammar.s
    name = _name_at(grammar, i, end)
    body = None if _excluded(grammar, i, end) else grammar.body_at(i, end, first)
    if name is not None and (body is None or body.last <= name.last):
        return name
    if body is None:
        return None
    kind = body.entry.kind if body.entry.kind != "other" or body.inner is body.entry else body.inner.kind
    sure = 0.95 if body.proper else 0.85
    if s.shape[i] == "x":
        sure -= 0.1
    return Mention(kind, i, body.last, f"rule:organizations.{body.entry.id}", sure)


def _name_at(grammar: BodyGrammar, i: int, end: int) -> Mention | None:
    s = grammar.s
    found = grammar.k.names.at(s.key, i, end)
    if found is None:
        return None
    last, (entry, spellings) = found
    written = s.text(i, last)
    if entry.cased and written not in spellings and s.shape[i] != "U":
        return None
    return Mention(entry.kind, i, last, f"rule:names.{entry.id}", 0.9)
