"""Stage 5: mentions → entities. Mentions of one organization or campaign become one entry.

Organizations: the same name in any spelling (case, tone placement, abbreviation), one-letter typos of a longer name, an
abbreviation given in brackets, and the short form of a local body (``Thành đoàn``) where the report names only one body
it can stand for. ``canonical`` writes abbreviations out.
Campaigns: the same name but for kind word, year, quotes and case, and one-letter typos.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections import Counter

import regex
from spacy.language import Language
from spacy.tokens import Doc

from .annotations import Analysis, Entity, Mention, analysis_of
from .knowledge import Knowledge, build_knowledge
from .places import known_places
from .preparing import phrase_keys
from .recognizing.campaigns import year_in

# From this day on Vietnam has 34 provinces and no districts.
MERGER = datetime.date(2025, 7, 1)

_LEVELS = {
    "tỉnh": "province", "thành phố": "province", "tp": "province", "huyện": "district", "quận": "district",
    "thị xã": "district", "xã": "commune", "phường": "commune", "thị trấn": "commune", "đặc khu": "commune",
}  # fmt: skip
_HEAD_LEVELS = {
    "tỉnh": "province", "thành": "province", "huyện": "district", "quận": "district", "thị": "district",
    "xã": "commune", "phường": "commune", "sở": "province", "bộ": "central", "trung": "central", "tổng": "central",
}  # fmt: skip
_KIND_WORDS = ("chiến dịch", "phong trào thi đua", "phong trào", "cuộc vận động", "chương trình", "hội thi", "cuộc thi",
               "dự án", "đề án", "mô hình", "công trình", "đợt thi đua", "giải")  # fmt: skip


class Resolver:
    """Entities of one report."""

    def __init__(self, knowledge: Knowledge, analysis: Analysis) -> None:
        self.k = knowledge
        self.a = analysis
        self.s = analysis.syllables

    # -- organizations -----------------------------------------------------------------------------------------------

    def organizations(self) -> list[Entity]:
        """One entity for each body, in order of first mention."""
        groups: dict[str, list[int]] = {}
        for number, m in enumerate(self.a.organizations):
            groups.setdefault(self._key(m), []).append(number)
        self._join_typos(groups)
        self._join_short_forms(groups)
        entities = [self._entity(numbers) for numbers in sorted(groups.values(), key=lambda g: g[0])]
        self._parents(entities)
        return entities

    def _key(self, m: Mention) -> str:
        """Abbreviations written out, signs dropped, so that ``Hội LHPN`` and ``Hội Liên hiệp Phụ nữ`` agree."""
        return " ".join(k for k in phrase_keys(self._expanded(m)) if k.isalnum())

    def _expanded(self, m: Mention) -> str:
        s, parts, i = self.s, [""], m.first
        while i < m.last:
            if s.gap[i] and i > m.first:
                parts.append("")
            for n in (3, 2, 1):
                long = self.k.abbreviations.get(tuple(s.key[i : i + n])) if i + n <= m.last else None
                if long is not None and s.shape[i] in "AUX":
                    parts[-1] += long if i > m.first else long[0].upper() + long[1:]
                    i += n
                    if i < m.last and s.key[i] == "." and s.gap[i] == "":
                        i += 1
                        parts.append("")
                    break
            else:
                parts[-1] += s.norm[i]
                i += 1
        return " ".join(part for part in parts if part)

    def _join_typos(self, groups: dict[str, list[int]]) -> None:
        """A name that differs from a more frequent or earlier long one by one letter is that name with a typo."""
        names = sorted(groups, key=lambda k: (-len(groups[k]), groups[k][0]))
        by_shape: dict[tuple[int, str], list[str]] = {}
        for name in names:
            syllables = name.split()
            home = next(
                (
                    other
                    for other in by_shape.get((len(syllables), syllables[0]), ())[:200]
                    if _one_letter_apart(name, other)
                ),
                None,
            )
            if home is not None and len(syllables) >= 3:
                groups[home] = sorted(groups[home] + groups.pop(name))
            else:
                by_shape.setdefault((len(syllables), syllables[0]), []).append(name)

    def _join_short_forms(self, groups: dict[str, list[int]]) -> None:
        """``Thành đoàn`` → ``Thành đoàn Bắc Ninh`` when that is the only body the short form can stand for."""
        by_prefix: dict[str, list[str]] = {}
        for name in groups:
            syllables = name.split()
            for cut in range(1, min(len(syllables), 8)):
                by_prefix.setdefault(" ".join(syllables[:cut]), []).append(name)
        for short in sorted(groups, key=len):
            if short not in groups or len(short.split()) > 6 or not self._may_stand_for(groups[short]):
                continue
            longer = [n for n in by_prefix.get(short, ())[:50] if n in groups and self._adds_only_place(short, n)]
            if len(longer) == 1:
                groups[longer[0]] = sorted(groups[longer[0]] + groups.pop(short))

    def _may_stand_for(self, numbers: list[int]) -> bool:
        m = self.a.organizations[numbers[0]]
        return m.kind in (
            "youth_union",
            "party",
            "state",
            "police",
            "women_union",
            "farmers_union",
            "veterans",
            "trade_union",
        )

    def _adds_only_place(self, short: str, long: str) -> bool:
        rest = long[len(short) + 1 :].split()
        for word in ("thành phố", "thị xã", "tỉnh", "huyện", "quận", "xã", "phường", "tp"):
            n = len(word.split())
            if " ".join(rest[:n]) == word:
                rest = rest[n:]
                break
        return bool(rest) and known_places().longest_prefix(rest, 0, len(rest)) == len(rest)

    def _entity(self, numbers: list[int]) -> Entity:
        bodies = self.a.organizations
        spelled = Counter(self._key(bodies[n]) for n in numbers)
        best = max(numbers, key=lambda n: (bodies[n].last - bodies[n].first, spelled[self._key(bodies[n])], -n))
        kind = Counter(bodies[n].kind for n in numbers).most_common(1)[0][0]
        return Entity(kind, numbers, best, self._canonical(bodies[best]), self._level(bodies[best]))

    def _canonical(self, m: Mention) -> str | None:
        """The name with abbreviations written out; ``None`` when there is nothing to add to what is written."""
        if all(self.s.shape[i] != "x" for i in range(m.first, m.last)) and any(
            self.s.shape[i] == "U" for i in range(m.first, m.last)
        ):
            return None  # of a headline in capitals case is not known
        expanded = self._expanded(m)
        return expanded if expanded != self.s.text(m.first, m.last) else None

    def _level(self, m: Mention) -> str | None:
        s = self.s
        entry = self.k.sections["organizations"].get(m.source.rsplit(".", 1)[-1]) or self.k.sections["names"].get(
            m.source.rsplit(".", 1)[-1]
        )
        local = m.kind in ("youth_union", "women_union", "farmers_union", "veterans", "party")
        if entry is not None and (entry.level == "central" or (entry.level == "unit" and not local)):
            return str(entry.level)
        keys = s.key[m.first : m.last]
        if "trung" in keys and "ương" in keys:
            return "central"
        for i in range(len(keys) - 1, 0, -1):
            for n in (2, 1):
                word = " ".join(keys[i : i + n])
                if word in _LEVELS and not (n == 1 and keys[i + 1 : i + 2] == ["hội"]):
                    return self._unit_level(word, keys[i + n :])
        first_two = keys[0]
        if len(keys) > 1 and keys[1] in ("đoàn", "ủy"):
            if first_two == "thành":
                return self._unit_level("thành phố", keys[2:])
            return _HEAD_LEVELS.get(first_two)
        if first_two in ("sở", "bộ"):
            return _HEAD_LEVELS[first_two]
        if entry is not None and entry.level:
            return str(entry.level)
        return None

    def _unit_level(self, word: str, place: list[str]) -> str | None:
        """A city is a province's equal or a district's; which, its name tells."""
        level = _LEVELS[word]
        if word not in ("thành phố", "tp"):
            return level
        place = [p for p in place if p.isalnum()]
        if not place:
            return None
        name = tuple(place)
        if name in known_places().provinces and name not in known_places().districts:
            return "province"
        central = {
            ("hà", "nội"),
            ("hồ", "chí", "minh"),
            ("hcm",),
            ("đà", "nẵng"),
            ("hải", "phòng"),
            ("cần", "thơ"),
            ("huế",),
        }
        if name in central and not (name == ("huế",) and (self.a.date or "") < MERGER.isoformat()):
            return "province"
        return "district" if name in known_places().districts else None

    def _parents(self, entities: list[Entity]) -> None:
        """``Ban Thường vụ Thành đoàn`` belongs to ``Thành đoàn`` when the report names that too."""
        by_name: dict[str, int] = {}
        for number, e in enumerate(entities):
            for m in e.mentions:
                by_name.setdefault(self._key(self.a.organizations[m]), number)
        for number, e in enumerate(entities):
            syllables = self._key(self.a.organizations[e.name]).split()
            for cut in range(1, len(syllables) - 1):
                found = by_name.get(" ".join(syllables[cut:]))
                if found is not None and found != number:
                    e.parent = found
                    break

    # -- campaigns ---------------------------------------------------------------------------------------------------

    def campaigns(self) -> list[Entity]:
        """One entity for each campaign, in order of first mention."""
        groups: dict[str, list[int]] = {}
        for number, m in enumerate(self.a.campaigns):
            groups.setdefault(campaign_key(self.s.text(m.first, m.last)), []).append(number)
        self._join_typos(groups)
        return [self._campaign(numbers) for numbers in sorted(groups.values(), key=lambda g: g[0])]

    def _campaign(self, numbers: list[int]) -> Entity:
        mentions = [self.a.campaigns[n] for n in numbers]
        best = max(numbers, key=lambda n: (self.a.campaigns[n].confidence, _size(self.a.campaigns[n]), -n))
        years = {m.year for m in mentions if m.year is not None}
        year, source = (years.pop(), "stated") if len(years) == 1 else (None, None)
        if year is None and not years:
            year = self._inferred_year(mentions[0])
            source = "inferred" if year is not None else None
        return Entity(self.a.campaigns[best].kind, numbers, best, year=year, year_source=source)

    def _inferred_year(self, m: Mention) -> int | None:
        """The one year of the sentence, else of its paragraph's start, else of the title."""
        s = self.s
        spans = [self.a.sentences[bisect_right(self.a.sentences, m.first, key=lambda x: x[0]) - 1]]
        block = self.a.blocks[bisect_right(self.a.blocks, m.first, key=lambda b: b.first) - 1]
        spans += [(block.first, min(block.last, block.first + 4))]  # "Năm 2016, …" opens the paragraph
        spans += [(b.first, b.last) for b in self.a.blocks[:1] if b.kind == "title"]
        for first, last in spans:
            found = year_in(s, first, last)
            if found is not None:
                return found
        if self.a.date is not None:
            return int(self.a.date[:4])
        return None


def _size(m: Mention) -> int:
    return m.last - m.first


_YEAR = regex.compile(r"[\s,(-]*(?:năm học|năm|giai đoạn|lần thứ)?\s*(?:19|20)\d\d(?:\s*-\s*(?:19|20)\d\d)?\)?$")


def campaign_key(name: str) -> str:
    """A campaign's name without kind word, year, quotes and case.

    >>> campaign_key("Chiến dịch Mùa hè xanh năm 2019") == campaign_key("“mùa hè xanh”")
    True
    >>> campaign_key("Năm 2019")  # nothing but a year: never empty
    'năm 2019'
    """
    low = name.lower().replace('"', " ").replace("“", " ").replace("”", " ").strip()
    while _YEAR.search(low):
        low = _YEAR.sub("", low).strip()
    for word in _KIND_WORDS:
        if low.startswith(word + " ") and len(low.split()) - len(word.split()) >= 2:
            low = low[len(word) + 1 :]
            break
    return " ".join(k for k in phrase_keys(low) if k.isalnum()) or low or name.lower()


def _one_letter_apart(a: str, b: str) -> bool:
    """Do two names of the same number of syllables differ by one letter (or one letter more or less) in one syllable?

    Numbers never count as typos of each other: Sư đoàn 5 is not Sư đoàn 6.
    """
    differing = [(x, y) for x, y in zip(a.split(), b.split(), strict=False) if x != y]
    if len(a.split()) != len(b.split()) or len(differing) != 1:
        return False
    x, y = sorted(differing[0], key=len)
    if any(c.isdigit() for c in x + y) or len(y) < 3:
        return False
    if len(x) == len(y):
        return sum(c != d for c, d in zip(x, y, strict=True)) == 1 and len(a.split()) >= 5
    return len(y) - len(x) == 1 and any(y[:i] + y[i + 1 :] == x for i in range(len(y))) and len(a.split()) >= 5


def resolve(knowledge: Knowledge, analysis: Analysis) -> None:
    """Fill in the entities of an analysed report."""
    resolver = Resolver(knowledge, analysis)
    analysis.organization_entities = resolver.organizations()
    analysis.campaign_entities = resolver.campaigns()


@Language.factory(
    "trichluc_resolving", default_config={"knowledge": None}, requires=["doc.user_data"], assigns=["doc.user_data"]
)
def create_resolving(nlp: Language, name: str, knowledge: dict | None) -> Resolving:  # type: ignore[type-arg]
    """The component, as spaCy asks for it."""
    return Resolving(build_knowledge(knowledge))


class Resolving:
    """spaCy component: mentions become entities."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def __call__(self, doc: Doc) -> Doc:
        resolve(self.knowledge, analysis_of(doc))
        return doc
