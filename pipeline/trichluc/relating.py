"""Stage 4: spans → award statements: how many of whom received which honour, from whom, for what.

A sentence is read from left to right as a row of events: honours (``giấy khen``, ``tuyên dương``), counted recipients
(``03 tập thể``), counted honours (``15 giải nhì``) and small words (give, receive, propose …). An honour that is given
(``trao giấy khen cho``) governs the recipients after it until another one is given; recipients before ``được tặng``,
``đạt``, ``nhận`` belong to the honour after it; what neither holds is not an award.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from spacy.language import Language
from spacy.tokens import Doc

from .annotations import Analysis, AwardFact, Block, Honour, Mention, Quantity, analysis_of
from .knowledge import Knowledge, build_knowledge
from .recognizing import span
from .recognizing.campaigns import is_year, year_in
from .recognizing.honours import title_after

_CLAUSE_SIGNS = {";", "…", "."}
_CONTINUES = {"đồng", "ngoài", "bên", "dịp", "trong", "cũng", "tại", "cùng", "nhân", "qua", "kết"}


@dataclass(slots=True)
class _Event:
    first: int
    last: int
    honour: Honour | None = None
    quantity: Quantity | None = None


class Relater:
    """Award statements of one report."""

    def __init__(self, knowledge: Knowledge, analysis: Analysis) -> None:
        self.k = knowledge
        self.a = analysis
        self.s = analysis.syllables
        self.facts: list[AwardFact] = []
        self._grantor: tuple[int, int] | None = None
        self._previous: list[int] = []  # facts of the sentence before, for "Trong đó …"

    def run(self) -> list[AwardFact]:
        """All award statements in order."""
        for first, end in self.a.sentences:
            before = len(self.facts)
            self._sentence(first, end)
            if len(self.facts) > before:
                self._previous = list(range(before, len(self.facts)))
            elif self.s.gap[first] == "\n":
                self._previous = []
        return self._without_repeats()

    # -- one sentence ------------------------------------------------------------------------------------------------

    def _events(self, first: int, end: int) -> list[_Event]:
        found = [_Event(h.first, h.last, honour=h) for h in _within(self.a.honours, first, end)]
        inside = {i for h in _within(self.a.honours, first, end) for i in range(h.first, max(h.last, h.title_last))}
        for q in _within(self.a.quantities, first, end):
            if q.first not in inside:
                found.append(_Event(q.first, q.last, quantity=q))
        return sorted(found, key=lambda e: (e.first, e.last))

    def _sentence(self, first: int, end: int) -> None:
        events = self._events(first, end)
        if not events:
            return
        has_honour = any(e.honour for e in events)
        if not has_honour and not (self._previous and self._part_cue(first, min(end, first + 4)) is not None):
            return
        grantor_before = self._grantor
        start = len(self.facts)
        governing: Honour | None = None
        total: int | None = None
        for number, event in enumerate(events):
            if total is None and self._part_between(events[number - 1].last if number else first, event.first):
                total = start + 0 if len(self.facts) > start else (self._previous[0] if self._previous else None)
                if len(self.facts) > start:
                    total = len(self.facts) - 1
            if event.honour is not None:
                governing = self._take_honour(event.honour, events, number, first, end, governing, total)
            elif event.quantity is not None:
                self._take_quantity(event.quantity, events, number, first, end, governing, total)
        self._share_reasons(start, events, end)
        self._years(start, first, end)
        self._parts_by_sum(start)
        if self._grantor is grantor_before and not any(f.grantor for f in self.facts[start:]):
            return

    def _take_honour(
        self, h: Honour, events: list[_Event], number: int, first: int, end: int, governing: Honour | None, total: int | None
    ) -> Honour | None:
        """Record a counted honour; say which honour governs what follows."""
        if h.count is not None and self._is_counted_award(h, events, number, first, end):
            self._add_counted(h, events, number, first, end, total)
            return h
        if self._blocked(h.first, first):
            return None
        if self._is_complement(h, events, number):
            return governing
        nearby = governing is not None and h.first - governing.last <= 5
        if nearby and governing is not None and _rank(self.k, governing) > _rank(self.k, h):
            return governing
        return h

    def _is_complement(self, h: Honour, events: list[_Event], number: int) -> bool:
        """``03 tập thể đạt danh hiệu …``: the honour belongs to the recipients before it and governs nothing after."""
        if number == 0 or events[number - 1].quantity is None or h.kind == "verb":
            return False
        return self._cue_between("receive", events[number - 1].last, h.first) or self._cue_between(
            "passive", events[number - 1].last, h.first
        )

    def _take_quantity(
        self, q: Quantity, events: list[_Event], number: int, first: int, end: int, governing: Honour | None, total: int | None
    ) -> None:
        after = self._honour_after(events, number)
        receives = after is not None and self._receives(q, after, events, number)
        if receives and after is not None and governing is not None and governing is not after:
            own_title = self._cue_between("receive", q.last, after.first) and not self._passive_between(q.last, after.first)
            if own_title and self._held(governing, q, first):
                receives = False
        if receives and after is not None:
            if self._blocked(after.first, max(first, q.first - 6)) or self._blocked(q.first, first):
                return
            self._add(q, after, events, number, first, end, total, 0.88 if after.kind != "verb" else 0.85, "awards.received")
        elif governing is not None and self._held(governing, q, first):
            self._add(q, governing, events, number, first, end, total, 0.92, "awards.given" if total is None else "awards.part")
        elif governing is None and total is not None and self.facts and not self._cue_between("participate", first, q.first):
            base = self.facts[total]
            fact = AwardFact(
                q.value, q.approximate, q.recipient, (q.text_first, q.text_last), base.form, q.first, q.last,
                "rule:awards.part", 0.75, base.title, base.grantor, None, base.year, total,
            )  # fmt: skip
            if q.value <= base.count:
                self.facts.append(fact)

    def _held(self, governing: Honour, q: Quantity, first: int) -> bool:
        """Do the recipients stand under the honour before them? Gifts, other verbs and full stops in between say no."""
        a, b = max(governing.last, governing.title_last), q.first
        if b < a:
            return False
        s = self.s
        between = range(a, b)
        if any(self.k.cues["gift"].at(s.key, m, b) is not None for m in between):
            return False
        if any(s.key[m] in _CLAUSE_SIGNS and not (s.key[m] == ";") for m in between):
            return False
        if any(self.k.cues["participate"].at(s.key, m, b) is not None and s.shape[m] == "x" for m in between) and not any(
            s.key[m] in ("cho", ",", "và") for m in range(max(a, b - 2), b)
        ):
            return False
        if governing.kind == "verb" and b - a > 14 and not self._listed(a, b):
            return False
        if self._passive_between(a, b) and not self._listed(a, b):
            return False
        if governing.kind in ("noun", "prize", "title") and not self._listed(a, b):
            return "cho" in s.key[a:b] or b - a <= 2 or any(s.key[m] in ("của", "đến", "với") for m in between)
        return True

    def _listed(self, a: int, b: int) -> bool:
        """Right before ``b`` stands ``cho``, a comma or ``và``."""
        return b > a and self.s.key[b - 1] in ("cho", ",", "và", ";", "cùng", "có", "gồm", ":", "tới", "đến", "là", "(")

    def _honour_after(self, events: list[_Event], number: int) -> Honour | None:
        """The next honour after a quantity with nothing but other quantities in between."""
        for event in events[number + 1 :]:
            if event.honour is not None:
                return event.honour
        return None

    def _receives(self, q: Quantity, h: Honour, events: list[_Event], number: int) -> bool:
        """``25 tập thể và 46 cá nhân được tặng bằng khen``: a word of receiving stands between, and no new clause."""
        s = self.s
        a, b = q.last, h.first
        if b - a > 30 or any(s.key[m] in _CLAUSE_SIGNS for m in range(a, b)):
            return False
        if h.kind == "verb":
            return any(s.key[m] == "được" for m in range(max(a, b - 12), b)) or (
                h.first > 0 and s.key[h.first - 1] == "được"
            )
        if self._cue_between("gift", a, b):
            return False
        last_quantity = q
        for event in events[number + 1 :]:
            if event.honour is h:
                break
            if event.quantity is not None:
                last_quantity = event.quantity
        if not (self._cue_between("receive", last_quantity.last, b) or self._passive_between(last_quantity.last, b)):
            return False
        return last_quantity is q or self._coordinated(q, last_quantity, events)

    def _coordinated(self, q: Quantity, other: Quantity, events: list[_Event]) -> bool:
        """Only small stretches without a verb of receiving lie between coordinated recipients."""
        return not self._cue_between("receive", q.last, other.first) and not self._passive_between(q.last, other.first) and other.first - q.last <= 14

    def _cue_between(self, role: str, a: int, b: int) -> bool:
        cue = self.k.cues[role]
        return any(cue.at(self.s.key, m, b) is not None for m in range(a, b) if self.s.shape[m] != "p")

    def _passive_between(self, a: int, b: int) -> bool:
        return "được" in self.s.key[a:b]

    def _part_cue(self, a: int, b: int) -> int | None:
        cue = self.k.cues["part"]
        return next((m for m in range(a, b) if cue.at(self.s.key, m, b) is not None), None)

    def _part_between(self, a: int, b: int) -> bool:
        return a < b and (self._part_cue(a, b) is not None or self.s.key[b - 1] == "(" )

    def _blocked(self, at: int, first: int) -> bool:
        """Proposed, planned, withdrawn, or a career's tally: no award."""
        s = self.s
        begin = at
        while begin > first and s.key[begin - 1] not in (";", ".", "…") and at - begin < 16:
            begin -= 1
        for role in ("propose", "withdraw", "career"):
            cue = self.k.cues[role]
            for m in range(begin, at + 1):
                found = cue.at(s.key, m, at + 2)
                if found is not None and s.shape[m] != "A":
                    between = s.key[found[0] : at]
                    if "," in between and role != "career" and any(g in between for g in ("trao", "tặng", "đã")):
                        continue
                    return True
        return False

    # -- building facts ----------------------------------------------------------------------------------------------

    def _is_counted_award(self, h: Honour, events: list[_Event], number: int, first: int, end: int) -> bool:
        if self._blocked(h.first, first):
            return False
        s = self.s
        if h.form in ("giải", "giải thưởng", "huy hiệu", "cờ", "giấy chứng nhận", "phần thưởng"):
            lead = s.key[max(first, h.first - 12) : h.first]
            if not any(w in lead for w in ("trao", "tặng", "đạt", "đoạt", "giành", "nhận", "với", "gồm", "có", "thắng")):
                return False
        listed = sum(1 for e in events if e.honour is not None and e.honour.count is not None) >= 2
        verbs = ("give", "receive", "part")
        lead_from = max(first, h.first - 25)
        return listed or any(self._cue_between(r, lead_from, h.first) for r in verbs) or self._title_block(h.first) or "có" in s.key[lead_from : h.first]

    def _title_block(self, i: int) -> bool:
        found = self.a.blocks[bisect_left(self.a.blocks, i + 1, key=lambda b: b.first) - 1]
        return found.kind in ("title", "caption")

    def _add_counted(
        self, h: Honour, events: list[_Event], number: int, first: int, end: int, total: int | None
    ) -> None:
        """``trao 5 bằng khen cho 5 cơ quan``, ``15 giải nhì``, ``106 giải thưởng cho các đề tài``."""
        s = self.s
        after = max(h.last, h.title_last)
        follower = events[number + 1].quantity if number + 1 < len(events) else None
        joined = follower is not None and follower.first - after <= 4 and "cho" in s.key[after : follower.first]
        if joined and follower is not None and follower.value == h.count:
            return  # one statement: the recipients carry it
        recipient, noun = "unspecified", None
        if after + 1 < end and s.key[after] in ("cho", "thuộc"):
            at = after + 1
            while at < end and s.key[at] in ("các", "những", "nhóm", "nhiều"):
                at += 1
            found = self.k.recipients.at(s.key, at, end) if at < end else None
            if found is not None and at > after + 1:
                recipient, noun = found[1].recipient, (at, found[0])
        assert h.count is not None
        title = (h.title_first, h.title_last) if h.title_first >= 0 else None
        self.facts.append(AwardFact(
            h.count, h.approximate, recipient, noun, h.form, h.first, after if title is None else h.last,
            "rule:awards.counted" if total is None else "rule:awards.counted_part", 0.85,
            title, self._grantor_of(h, None, first, end), None, None, self._part_of(h.count, total),
        ))  # fmt: skip

    def _part_of(self, count: int, total: int | None) -> int | None:
        if total is None or total >= len(self.facts):
            return None
        used = sum(f.count for f in self.facts if f.part_of == total)
        return total if used + count <= self.facts[total].count else None

    def _add(
        self, q: Quantity, h: Honour, events: list[_Event], number: int, first: int, end: int, total: int | None,
        confidence: float, rule: str,
    ) -> None:  # fmt: skip
        title = (h.title_first, h.title_last) if h.title_first >= 0 else None
        own = self._own_title(q, events, number, end)
        if own is not None and h.kind != "title":
            title = own
        evidence_first = min(q.first, h.first) if q.first - h.last <= 12 and h.first - q.last <= 30 else q.first
        last = max(q.last, h.last) if h.first > q.first else q.last
        if own is not None:
            last = max(last, own[1])
        part_of = self._part_of(q.value, total)
        self.facts.append(AwardFact(
            q.value, q.approximate, q.recipient, (q.text_first, q.text_last), h.form, evidence_first, last,
            f"rule:{rule}", confidence if not q.approximate else confidence - 0.02, title,
            self._grantor_of(h, q, first, end), self._reason(q, events, number, end), None, part_of,
        ))  # fmt: skip

    def _own_title(self, q: Quantity, events: list[_Event], number: int, end: int) -> tuple[int, int] | None:
        """``03 tập thể đạt danh hiệu Đơn vị xuất sắc``: the name after the recipients' own ``danh hiệu``."""
        if number + 1 < len(events):
            h = events[number + 1].honour
            if h is not None and h.kind == "title" and h.first - q.last <= 8 and h.title_first >= 0:
                return h.title_first, h.title_last
        if q.last < end and self.s.key[q.last] == '"':
            found = title_after(self.s, q.last, end)
            return found if found[0] >= 0 else None
        return None

    def _reason(self, q: Quantity, events: list[_Event], number: int, end: int) -> tuple[int, int] | None:
        """``có thành tích …`` after the recipients, to the end of their clause."""
        s = self.s
        stop = events[number + 1].first if number + 1 < len(events) else end
        m = q.last
        while m < stop and (self.k.cues["adjective"].at(s.key, m, stop) is not None or m - q.last < 8):
            found = self.k.cues["reason"].at(s.key, m, stop)
            if found is not None:
                last = m
                limit = stop if number + 1 < len(events) and events[number + 1].quantity is not None else end
                while last < limit and s.key[last] not in (".", ";", "(") and not (s.key[last] == "," and self._new_clause(last + 1, limit)):
                    last += 1
                while last > m and s.key[last - 1] in (",", "và", "cho", ".", "-"):
                    last -= 1
                return (m, last) if last - m >= 3 else None
            if s.shape[m] == "p":
                return None
            m += 1
        return None

    def _new_clause(self, m: int, end: int) -> bool:
        s = self.s
        return m < end and (s.shape[m] == "d" or s.key[m] in ("trao", "tặng", "đồng", "trong", "các", "tổng") or self.k.cues["give"].at(s.key, m, end) is not None)

    def _share_reasons(self, start: int, events: list[_Event], end: int) -> None:
        """``06 tập thể và 06 cá nhân có thành tích …``: recipients joined by ``và`` share what follows them."""
        s = self.s
        for here, after in zip(self.facts[start:-1], self.facts[start + 1 :], strict=True):
            if here.reason is None and after.reason is not None and here.recipient_range and after.recipient_range and here.title is None:
                gap = s.key[here.recipient_range[1] : after.recipient_range[0]]
                if len(gap) <= 3 and gap and gap[0] in ("và", ",", "cùng"):
                    here.reason = after.reason

    def _years(self, start: int, first: int, end: int) -> None:
        """The year named after the awards of a sentence belongs to all of them; a year named before, if it is alone."""
        for fact in self.facts[start:]:
            if fact.year is not None:
                continue
            fact.year = year_in(self.s, fact.first, end)
            if fact.year is None and not any(is_year(self.s, m) for m in range(fact.first, end)):
                fact.year = year_in(self.s, first, fact.first) if self._near_year(first, fact.first) else None

    def _near_year(self, first: int, last: int) -> bool:
        """A year before the award dates it only as part of what is given or reviewed, not as the day of the meeting."""
        s = self.s
        return any(is_year(s, m) and not (m > 0 and s.key[m - 1] in ("/", "-", ".")) for m in range(first, last))

    def _parts_by_sum(self, start: int) -> None:
        """``397 gương được biểu dương …, 153 tập thể, 244 cá nhân``: two or more that add up to one before them."""
        facts = self.facts
        for i in range(start, len(facts)):
            if facts[i].part_of is not None:
                continue
            total, j = 0, i + 1
            while j < len(facts) and facts[j].part_of is None and total < facts[i].count:
                total += facts[j].count
                j += 1
            same = all(facts[m].form == facts[i].form or facts[i].recipient == "mixed" for m in range(i + 1, j))
            if total == facts[i].count and j - i > 2 and same:
                for m in range(i + 1, j):
                    facts[m].part_of = i

    # -- grantors ----------------------------------------------------------------------------------------------------

    def _grantor_of(self, h: Honour, q: Quantity | None, first: int, end: int) -> tuple[int, int] | None:
        """Who gives: ``được X tặng``, ``… của X``, ``X … tặng``; else whoever gave in the sentence before."""
        s = self.s
        bodies = _within(self.a.organizations, first, end)
        after = max(h.last, h.title_last)
        while after < end and s.key[after] in ('"', ")"):
            after += 1
        for b in bodies:
            if b.first >= after and b.first - after <= 6 and any(s.key[m] in ("của", "do") for m in range(after, b.first)) and not any(
                s.shape[m] == "d" for m in range(after, b.first)
            ):
                return self._remember(self._with_office(b, after))
        office = self._office_alone(after, min(end, after + 4), of=True)
        if office is not None:
            return self._remember(office)
        if q is not None and q.last <= h.first:
            inside = [b for b in bodies if q.last <= b.first and b.last <= h.first]
            if inside:
                return self._remember(self._with_office(inside[-1], q.last))
        before = [b for b in bodies if b.last <= h.first and not self._is_patient(b, h.first)]
        if before:
            return self._remember(self._with_office(self._subject(before, h.first), first))
        lone = self._office_alone(first, h.first, of=False)
        if lone is not None:
            return self._remember(lone)
        by_agent = [b for b in bodies if b.first >= after and s.key[b.first - 1] in ("do", "bởi")]
        if by_agent:
            return self._remember(self._with_office(by_agent[0], after))
        if self._grantor is None or self._grantor[1] < first - 400:
            return self._from_context(first)
        return self._grantor

    def _remember(self, grantor: tuple[int, int]) -> tuple[int, int]:
        self._grantor = grantor
        return grantor

    def _from_context(self, first: int) -> tuple[int, int] | None:
        """No giver in sight: the body that gave in what was said before."""
        return self._grantor

    def _subject(self, before: list[Mention], at: int) -> Mention:
        """Of several bodies before the verb the nearest one; of bodies joined by ``và`` or a comma the first."""
        chosen = before[-1]
        for b in reversed(before[:-1]):
            gap = self.s.key[b.last : chosen.first]
            if gap in (["và"], [","], ["phối", "hợp"], ["phối", "hợp", "với"], ["phối", "hợp", "cùng"], ["cùng"]):
                chosen = b
            else:
                break
        return chosen

    def _is_patient(self, b: Mention, at: int) -> bool:
        """A body after ``cho``, ``tại``, ``với`` … is not the one that gives."""
        s = self.s
        return b.first > 0 and s.key[b.first - 1] in ("cho", "tại", "thuộc", "ở", "trong", "về", "vào", "của", "khỏi") and not any(
            s.key[m] in ("chủ", "giám", "bí", "lãnh", "đạo") for m in range(max(0, b.first - 4), b.first)
        )

    def _with_office(self, b: Mention, first: int) -> tuple[int, int]:
        """``Chủ tịch`` before ``UBND tỉnh`` belongs to the giver as written."""
        s = self.s
        for m in range(max(first, b.first - 5), b.first):
            found = self.k.cues["office"].at(s.key, m, b.last)
            if found is not None and (found[0] == b.first or found[0] >= b.last):
                begin = m - 1 if m > first and s.key[m - 1] == "phó" else m
                return begin, max(found[0], b.last)
        return b.first, b.last

    def _office_alone(self, a: int, b: int, of: bool) -> tuple[int, int] | None:
        """``Chủ tịch nước``, ``Thủ tướng``: an office that needs no body beside it."""
        s = self.s
        for m in range(a, b):
            found = self.k.cues["office"].at(s.key, m, b + 3 if of else b)
            if found is not None and s.key[m] in ("chủ", "thủ") and s.key[found[0] - 1] in ("nước", "tướng", "phủ"):
                if not of or (m > a and s.key[m - 1] == "của"):
                    return m, found[0]
        return None

    # -- the whole report --------------------------------------------------------------------------------------------

    def _without_repeats(self) -> list[AwardFact]:
        """The same count, recipients and honour said twice (headline, caption) is one fact; the fuller one stays."""
        kept: list[AwardFact] = []
        place: dict[tuple[int, str, str], int] = {}
        moved: dict[int, int] = {}
        for number, fact in enumerate(self.facts):
            key = (fact.count, fact.recipient, fact.form)
            old = place.get(key)
            if old is not None and fact.part_of is None:
                moved[number] = old
                if _fullness(fact) > _fullness(kept[old]):
                    fact.part_of = kept[old].part_of
                    kept[old] = fact
                continue
            place.setdefault(key, len(kept))
            moved[number] = len(kept)
            kept.append(fact)
        for index, fact in enumerate(kept):
            if fact.part_of is not None:
                target = moved.get(fact.part_of)
                fact.part_of = target if target != index else None
        return kept


_S = TypeVar("_S", Honour, Quantity, Mention, Block)


def _within(spans: list[_S], first: int, end: int) -> list[_S]:
    """The spans, in order, that begin between two syllables."""
    return spans[bisect_left(spans, first, key=lambda x: x.first) : bisect_left(spans, end, key=lambda x: x.first)]


def _fullness(fact: AwardFact) -> int:
    return sum(x is not None for x in (fact.title, fact.grantor, fact.reason, fact.year))


def _rank(knowledge: Knowledge, h: Honour) -> int:
    entry = knowledge.sections["honours"].get(h.rule.rsplit(".", 1)[-1])
    return entry.rank if entry is not None else 5


def relate(knowledge: Knowledge, analysis: Analysis) -> Iterator[AwardFact]:
    """Award statements of an analysed report, in order."""
    yield from Relater(knowledge, analysis).run()


@Language.factory("trichluc_relating", default_config={"knowledge": None}, requires=["doc.user_data"], assigns=["doc.spans"])
def create_relating(nlp: Language, name: str, knowledge: dict | None) -> Relating:  # type: ignore[type-arg]
    return Relating(build_knowledge(knowledge))


class Relating:
    """spaCy component: award statements (``doc.spans["awards"]``, label = the honour's form)."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def __call__(self, doc: Doc) -> Doc:
        analysis = analysis_of(doc)
        analysis.awards = list(relate(self.knowledge, analysis))
        s = analysis.syllables
        doc.spans["awards"] = [span(doc, s, a.first, a.last, a.form, a.source) for a in analysis.awards]
        return doc
