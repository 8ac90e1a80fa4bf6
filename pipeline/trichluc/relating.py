"""Stage 4: spans → award statements: how many of whom received which honour, from whom, for what.

A sentence is read from left to right as a row of events: honours (``giấy khen``, ``tuyên dương``), counted recipients
(``03 tập thể``), counted honours (``15 giải nhì``) and small words (give, receive, propose …). An honour that is given
(``trao giấy khen cho``) governs the recipients after it until another one is given; recipients before ``được tặng``,
``đạt``, ``nhận`` belong to the honour after it; what neither holds is not an award.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from spacy.language import Language
from spacy.tokens import Doc

from .annotations import Analysis, AwardFact, Block, Honour, Mention, Quantity, analysis_of
from .knowledge import Knowledge, build_knowledge
from .recognizing import span
from .recognizing.campaigns import year_in
from .recognizing.honours import title_after
from .recognizing.joining import SUREST, local_share, probability
from .weighing import features

_CLAUSE_SIGNS = {";", "…", "."}
# Recipients right after one of these are where others come from, or what others are divided into.
_NO_RECIPIENTS_AFTER = frozenset({"từ", "thuộc", "thành", "khắp", "làm", "tim"})
# cho after one of these gives nothing: đại diện cho 31 quốc gia, tạo việc làm cho 400 lao động.
_NO_GIVING_CHO = frozenset({"diện", "làm", "tranh", "phép", "lịch", "mặt", "dụng", "đương", "ra", "phí"})
_HARMED = (
    ["tử", "vong"],
    ["thiệt", "mạng"],
    ["bị", "thương"],
    ["hy", "sinh"],
    ["hi", "sinh"],
    ["đã", "bị"],
    ["bị", "bắt"],
)
# A body after one of these is a place, an addressee or a source, not the one that acts.
_NO_SUBJECT_AFTER = frozenset({"theo", "cho", "tại", "thuộc", "ở", "về", "vào", "("})


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
        self._local = local_share(analysis.organizations)
        self.facts: list[AwardFact] = []
        self._governing: Honour | None = None
        self._reach = 0
        self._total: int | None = None
        self._used: dict[int, int] = {}  # how much of a total its parts have used up
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
        self._weigh()
        self._complete_grantors()
        self._complete_titles()
        return self._without_repeats()

    def _weigh(self) -> None:
        """Give every statement that the model has read its probability; the unlikely ones go."""
        policy = self.a.award_policy
        if policy is None:
            return
        place: dict[int, int] = {}
        kept: list[AwardFact] = []
        for number, fact in enumerate(self.facts):
            if fact.part_of is not None and fact.part_of not in place:
                fact.part_of = None
            if fact.features is not None:
                fact.confidence = min(probability(fact.features, policy["weights"]), SUREST)
                if fact.confidence < policy["threshold"]:
                    continue
            if fact.part_of is not None:
                fact.part_of = place[fact.part_of]
            place[number] = len(kept)
            kept.append(fact)
        self.facts = kept

    # -- one sentence ------------------------------------------------------------------------------------------------

    def _events(self, first: int, end: int) -> list[_Event]:
        """Honours and counted recipients of a sentence in order; honours in one breath as the more formal one."""
        honours = _within(self.a.honours, first, end)
        inside = {i for h in honours for i in range(h.first, h.end)}
        found = [
            _Event(q.first, q.last, quantity=q) for q in _within(self.a.quantities, first, end) if q.first not in inside
        ]
        counted = {e.first for e in found}
        kept: list[Honour] = []
        for h in honours:
            before = kept[-1] if kept else None
            if before is not None and self._one_breath(before, h, counted):
                if _rank(self.k, h) >= _rank(self.k, before):
                    kept[-1] = dataclasses.replace(h, first=before.first) if before.kind == "verb" else h
                else:
                    kept[-1] = dataclasses.replace(before, last=h.last)
                continue
            kept.append(h)
        found += [_Event(h.first, h.last, honour=h) for h in kept]
        return sorted(found, key=lambda e: (e.first, e.last))

    def _one_breath(self, a: Honour, b: Honour, counted: set[int]) -> bool:
        """``biểu dương và trao bằng khen``, ``công nhận danh hiệu``: one act, not two."""
        if a.count is not None or b.count is not None:
            return False
        between = range(a.end, b.first)
        keys = self.s.key[between.start : between.stop]
        return (
            len(between) <= 5
            and not _within(self.a.organizations, between.start, between.stop)
            and not counted.intersection(between)
            and not {"cho", ";", ".", ":", "(", "vì"} & set(keys)
        )

    def _sentence(self, first: int, end: int) -> None:
        events = self._events(first, end)
        if not events:
            return
        opens_part = self._cue_between("part", first, min(end, first + 4)) or self.s.key[first] == "trong"
        if not any(e.honour for e in events) and not (self._previous and opens_part) and not self._goes_on(first):
            return
        if self._is_lottery(first, end):
            return
        start = len(self.facts)
        if not self._goes_on(first):
            self._total = None
            self._governing = None
            self._reach = first  # how far the governing honour's list of recipients has been read
        for number, event in enumerate(events):
            before = events[number - 1].last if number else first
            if number == 0 and self.s.key[first] == "trong" and event.quantity is not None and event.first - first <= 3:
                # "Trong 72 đại biểu …, có 57 nam, 15 nữ": the total is named again
                self._total = next(
                    (i for i in range(len(self.facts) - 1, -1, -1) if self.facts[i].count == event.quantity.value), None
                )
                if self._total is not None:
                    continue
            if self._part_between(before, event.first):
                if len(self.facts) > start:
                    self._total = len(self.facts) - 1
                elif self._previous and self._total is None:
                    self._total = self._previous[-1] if len(self._previous) == 1 else self._previous[0]
            if event.honour is not None:
                self._take_honour(event.honour, events, number, first, end)
            elif event.quantity is not None:
                self._take_quantity(event.quantity, events, number, first, end)
        self._share_reasons(start)
        self._years(start, first, end)
        self._parts_by_sum(start)

    def _goes_on(self, first: int) -> bool:
        """Is this a piece of an endless sentence that was cut at a comma?"""
        return first > 0 and self.s.key[first - 1] in (",", ";") and self.s.gap[first] != "\n"

    def _is_lottery(self, first: int, end: int) -> bool:
        """Prize draws and sales: no commendation, here and in the two sentences around."""
        return self._cue_between("lottery", max(0, first - 30), min(len(self.s), end + 15))

    def _take_honour(self, h: Honour, events: list[_Event], number: int, first: int, end: int) -> None:
        """Record a counted honour; see whether this honour governs what follows."""
        if h.count is not None and self._is_counted_award(h, events, first, end):
            self._add_counted(h, events, number, first, end)
            self._govern(h)
        elif not self._blocked(h.first, first) and not self._is_complement(h, events, number):
            self._govern(h)

    def _govern(self, h: Honour) -> None:
        self._governing, self._reach = h, h.end

    def _is_complement(self, h: Honour, events: list[_Event], number: int) -> bool:
        """``03 tập thể đạt danh hiệu …``: the honour belongs to the recipients before it and governs nothing after."""
        if number == 0 or events[number - 1].quantity is None or h.kind == "verb":
            return False
        a = events[number - 1].last
        return self._cue_between("receive", a, h.first) or self._passive_between(a, h.first)

    def _take_quantity(self, q: Quantity, events: list[_Event], number: int, first: int, end: int) -> None:
        governing, total = self._governing, self._total
        held = governing is not None and self._held(governing, q)
        after = self._honour_after(events, number)
        receives = after is not None and self._receives(q, after, events, number)
        if receives and held and after is not None and not self._passive_between(q.last, after.first):
            # "… cho 03 tập thể đạt danh hiệu …" names their title; "…, 9 đơn vị nhận giấy khen" is a new statement
            news = after.kind == "noun" and "nhận" in self.s.key[q.last : q.last + 3]
            prizes = (
                governing is not None and governing.kind == after.kind == "prize" and self.s.key[q.first - 1] == ";"
            )
            receives = news or prizes
        if receives and after is not None:
            if not self._blocked(after.first, max(first, q.first - 6)) and not self._blocked(q.first, first):
                self._add(q, after, events, number, first, end, "awards.received")
        elif held and governing is not None:
            self._add(q, governing, events, number, first, end, "awards.given" if total is None else "awards.part")
            self._reach = q.last
        elif (
            total is not None
            and total < len(self.facts)
            and not self._cue_between("participate", events[0].first, q.first)
        ):
            self._add_part(q, total)

    def _add_part(self, q: Quantity, total: int) -> None:
        """``Trong đó có 40 học sinh``: a part of the total named before, under the same honour."""
        base = self.facts[total]
        if self._part_of(q.value, total) is not None:
            self.facts.append(AwardFact(
                q.value, q.approximate, q.recipient, (q.text_first, q.text_last), base.form, q.first, q.last,
                "rule:awards.part", 0.75, base.title, base.grantor, None, base.year, total,
            ))  # fmt: skip

    def _held(self, governing: Honour, q: Quantity) -> bool:
        """Do the recipients stand under the honour before them?

        They do right after it or after ``cho``, and in the list that goes on from recipients who do.
        """
        s = self.s
        a, b = governing.end, q.first
        if b < a:
            return False
        going_on = self._reach > a or (self._reach == a and governing.count is not None and b - a > 6)
        keys = s.key[max(a, self._reach) : b] if going_on else s.key[a:b]
        if self._cue_between("gift", max(a, self._reach), b):
            return False
        if s.key[b - 1] in _NO_RECIPIENTS_AFTER or s.key[q.last : q.last + 2] in _HARMED:
            return False
        if s.key[b - 1] == "của" and governing.kind != "verb":
            return False
        rest = min(len(s), q.last + 9)
        if self._passive_between(q.last, q.last + 5) and self._cue_between("gift", q.last, rest):
            return False  # 200 công nhân khó khăn được tặng vé xe
        if "." in keys or "…" in keys:
            return False
        if going_on:
            return self._listed(self._reach, b) and not self._new_action(self._reach, b)
        if s.key[b - 1] == "cùng" and "cho" in keys and not {"vì", "do", "đã"} & set(keys):
            return True  # bằng khen cho Trường A, Công ty B cùng 3 đơn vị khác
        to = max((m for m in range(a, b) if s.key[m] in ("cho", "đến", "tới")), default=-1)
        if to > a and s.key[to] == "cho" and s.key[to - 1] in _NO_GIVING_CHO:
            return False
        if to >= 0:
            lead = s.key[a:to]
            far = b - to > 8 or any(k in ("vì", "do", "cứu", "(") for k in s.key[to:b])
            return not far and not ("(" in lead and ")" not in lead)
        if governing.kind == "verb":
            if any(k in ("cứu", "giết", "vì", "do", "bắt", "(", "với", "tại", "được") for k in keys):
                return b - a <= 1
            return (
                b - a <= 4
                or (b - a <= 12 and ("của" in keys or "là" in keys or "gồm" in keys))
                or (b - a <= 16 and keys[-1:] == [","] and "," not in keys[:-1])
            )
        if keys == ["("] and s.shape[q.text_first] == "x" and q.text_first == q.first:
            return True  # tặng giấy khen (tập thể: 12; cá nhân: 35)
        return (b - a <= 2 and not {"(", ","} & set(keys)) or (keys[-1:] in ([":"], ["gồm"]) and b - a <= 12)

    def _new_action(self, a: int, b: int) -> bool:
        """A verb of another act between two recipients ends the list."""
        s = self.s
        return any(
            k in ("cứu", "giết", "vì", "hỗ", "thăm", "khám", "dự", "thu") for k in s.key[a:b]
        ) or self._cue_between("participate", a, b)

    def _listed(self, a: int, b: int) -> bool:
        """Right before ``b`` stands ``cho``, a comma or ``và``, or nothing (a comma was lost)."""
        close = self.s.key[b - 1] in (
            "cho",
            ",",
            "và",
            ";",
            "cùng",
            "có",
            "gồm",
            ":",
            "tới",
            "đến",
            "là",
            "(",
            "còn",
            "với",
        )
        return close or (
            b > a and b - a <= 14 and self.s.key[b - 1] not in ("của", "trong", "cứu", "được", "trên", "với")
        )

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
        if b == a and h.kind != "verb" and q.first > 0 and s.key[q.first - 1] in ("tặng", "trao"):
            return True  # tặng 11 đoàn viên Huy hiệu “Tuổi trẻ dũng cảm”
        if b - a > 80 or self._outside_brackets(a, b) > 30:
            return False
        if s.key[q.first - 1] in _NO_RECIPIENTS_AFTER:
            return False  # 135 người thuộc 58 quốc gia được tôn vinh
        if s.key[max(0, q.first - 2) : q.first] in (["trong", "top"], ["vào", "top"], ["trong", "tốp"], ["vào", "tốp"]):
            return False  # lọt vào top 6 dự án
        if q.first > 0 and s.key[q.first - 1] in ("qua", "cứu", "giết", "bắt", "vượt", "lên"):
            return False  # vượt qua 100.000 bài dự thi, em giành giải nhất
        if self._cue_between("part", a, b) and s.key[h.first - 1] != "được":
            return False  # một hội đồng 9 thành viên, gồm một người đoạt giải
        if any(s.key[m] in _CLAUSE_SIGNS or s.key[m] == ":" for m in range(a, b)):
            return False
        if h.kind == "verb":
            last = max((m for m in range(max(a, b - 12), b) if s.key[m] == "được"), default=-1)
            return last >= 0 and "," not in s.key[last:b]
        if self._cue_between("gift", a, b):
            return False
        last_quantity = q
        for event in events[number + 1 :]:
            if event.honour is h:
                break
            if event.quantity is not None:
                last_quantity = event.quantity
        if last_quantity is not q and self._part_between(q.last, last_quantity.first):
            return False  # 45 cá nhân, trong đó 5 người được tặng …: the parts have an honour of their own
        far = b - last_quantity.last > 18
        if not self._passive_between(last_quantity.last, b) and (
            far or not self._cue_between("receive", last_quantity.last, b)
        ):
            return False
        return last_quantity is q or self._coordinated(q, last_quantity)

    def _coordinated(self, q: Quantity, other: Quantity) -> bool:
        """Only small stretches without a verb of receiving lie between coordinated recipients."""
        return (
            not self._cue_between("receive", q.last, other.first)
            and not self._passive_between(q.last, other.first)
            and self._outside_brackets(q.last, other.first) <= 14
        )

    def _outside_brackets(self, a: int, b: int) -> int:
        """How many syllables between two places stand outside brackets."""
        depth = count = 0
        for key in self.s.key[a:b]:
            depth += (key == "(") - (key == ")")
            count += depth <= 0
        return count

    def _cue_between(self, role: str, a: int, b: int) -> bool:
        return self.k.cues[role].first_in(self.s.key, a, b) is not None

    def _passive_between(self, a: int, b: int) -> bool:
        return "được" in self.s.key[a:b]

    def _part_between(self, a: int, b: int) -> bool:
        return a < b and (self._cue_between("part", a, b) or self.s.key[b - 1] == "(")

    def _blocked(self, at: int, first: int) -> bool:
        """Proposed, planned, withdrawn, or a career's tally: no award."""
        s = self.s
        begin = at
        while begin > first and s.key[begin - 1] not in (";", ".", "…") and at - begin < 40:
            begin -= 1
        for role in ("propose", "withdraw", "career"):
            cue = self.k.cues[role]
            for m in range(begin, at + 1):
                found = cue.at(s.key, m, at + 2)
                if found is None or s.shape[m] == "A":
                    continue
                between = s.key[found[0] : at]
                done = "," in between and any(
                    key in ("đã", "trao", "được") or (key == "tặng" and before not in ("phong", "truy", "xét"))
                    for before, key in pairwise(between[between.index(",") :])
                )
                if done and role != "career":
                    continue
                return True
        return False

    # -- building facts ----------------------------------------------------------------------------------------------

    def _is_counted_award(self, h: Honour, events: list[_Event], first: int, end: int) -> bool:
        if self._blocked(h.first, first):
            return False
        s = self.s
        if h.form in ("giải", "giải thưởng", "huy hiệu", "cờ", "giấy chứng nhận", "phần thưởng"):
            lead = s.key[max(first, h.first - 12) : h.first]
            if not any(
                w in lead for w in ("trao", "tặng", "đạt", "đoạt", "giành", "nhận", "với", "gồm", "có", "thắng")
            ):
                return False
        after = h.end
        if h.kind == "noun" and self._passive_between(max(first, h.first - 20), h.first):
            # What one unit was given over the years is no count unless the report says by whom.
            given = s.key[first:end]
            return (
                "tịch" in given
                or "tướng" in given
                or any(s.key[b.first - 1] in ("được", "của") for b in _within(self.a.organizations, max(first, 1), end))
            )
        if self._is_offered(h, first, end):
            return False
        if after + 1 < end and (s.key[after] in ("cho", "thuộc") or s.key[after + 2 : after + 3] == ["thuộc"]):
            return True
        listed = sum(1 for e in events if e.honour is not None and e.honour.count is not None) >= 2
        verbs = ("give", "receive", "part")
        lead_from = max(first, h.first - 25)
        return (
            listed
            or any(self._cue_between(r, lead_from, h.first) for r in verbs)
            or self._title_block(h.first)
            or "có" in s.key[lead_from : h.first]
        )

    def _is_offered(self, h: Honour, first: int, end: int) -> bool:
        """``gồm: 1 giải nhất 20 triệu đồng``: prizes with their price, and nobody has won or given them yet."""
        s = self.s
        after = s.key[h.last : min(end, h.last + 6)]
        priced = "trị" in after or "triệu" in after
        return priced and not any(
            k in ("trao", "đạt", "đoạt", "giành", "nhận", "thuộc") for k in s.key[first : h.first]
        )

    def _title_block(self, i: int) -> bool:
        found = self.a.blocks[bisect_left(self.a.blocks, i + 1, key=lambda b: b.first) - 1]
        return found.kind in ("title", "caption")

    def _add_counted(self, h: Honour, events: list[_Event], number: int, first: int, end: int) -> None:
        """``trao 5 bằng khen cho 5 cơ quan``, ``15 giải nhì``, ``106 giải thưởng cho các đề tài``."""
        s = self.s
        after = h.end
        follower = events[number + 1].quantity if number + 1 < len(events) else None
        total = self._total
        joined = (
            follower is not None
            and follower.first - after <= 4
            and ("cho" in s.key[after : follower.first] or s.key[after : after + 2] == ["thuộc", "về"])
        )
        if joined and follower is not None and follower.value == h.count:
            return  # one statement: the recipients carry it
        recipient, noun = "unspecified", None
        if after + 1 < end and s.key[after] in ("cho", "thuộc"):
            at = after + 1
            while at < end and s.key[at] in ("các", "những", "nhóm", "nhiều"):
                at += 1
            found = self.k.recipients.at(s.key, at, end) if at < end else None
            if found is not None and found[1].recipient == "work":
                recipient, noun = found[1].recipient, (at, found[0])
        heading = next(
            (e.honour for e in reversed(events[:number]) if e.honour is not None and e.honour.count is None), None
        )
        if heading is not None and noun is None and heading.form in ("giải cá nhân", "giải tập thể", "giải đồng đội"):
            recipient = "individual" if heading.form == "giải cá nhân" else "collective"
        assert h.count is not None
        title = h.title
        self.facts.append(AwardFact(
            h.count, h.approximate, recipient, noun, h.form, h.first, after if title is None else h.last,
            "rule:awards.counted" if total is None else "rule:awards.counted_part",
            _confidence(h, "awards.counted", h.count, h.approximate),
            title, self._grantor_of(h, None, first, end), None, None, self._part_of(h.count, total),
            features(_share("awards.counted", h), "awards.counted" if total is None else "awards.counted_part", h, None,
                     h.count, self._local),
        ))  # fmt: skip

    def _part_of(self, count: int, total: int | None) -> int | None:
        if total is None or total >= len(self.facts):
            return None
        used = self._used.get(total, 0)
        if used + count > self.facts[total].count:
            return None
        self._used[total] = used + count
        return total

    def _add(
        self,
        q: Quantity,
        h: Honour,
        events: list[_Event],
        number: int,
        first: int,
        end: int,
        rule: str,
    ) -> None:
        title = h.title
        own = self._own_title(q, events, number, end)
        if own is not None and (h.kind != "title" or title is None):
            title = own
        alone = not any(e.quantity is not None and h.first < e.first < q.first for e in events)
        evidence_first = h.first if h.first < q.first and alone and q.first - h.last <= 12 else q.first
        last = max(q.last, h.last) if h.first > q.first else q.last
        if own is not None:
            last = max(last, own[1])
        part_of = self._part_of(q.value, self._total)
        self.facts.append(AwardFact(
            q.value, q.approximate, q.recipient, (q.text_first, q.text_last), h.form, evidence_first, last,
            f"rule:{rule}", _confidence(h, rule, q.value, q.approximate), title,
            self._grantor_of(h, q, first, end), self._reason(q, h, events, number, end), None, part_of,
            features(_share(rule, h), rule, h, q, q.value, self._local),
        ))  # fmt: skip

    def _own_title(self, q: Quantity, events: list[_Event], number: int, end: int) -> tuple[int, int] | None:
        """``03 tập thể đạt danh hiệu Đơn vị xuất sắc``: the name after the recipients' own ``danh hiệu``."""
        if number + 1 < len(events):
            h = events[number + 1].honour
            if h is not None and h.kind == "title" and h.first - q.last <= 8 and h.title is not None:
                return h.title
        s = self.s
        if q.last < end and s.key[q.last] == '"':
            found = title_after(s, q.last, end)
            return found if found[0] >= 0 else None
        return self._quote_around(q, end) or self._name_of_recipients(q, end)

    def _quote_around(self, q: Quantity, end: int) -> tuple[int, int] | None:
        """``vinh danh “Top 10 doanh nghiệp bền vững”``: the quote that holds the number is the title."""
        s = self.s
        near = [q.text_first - 1, *range(q.first - 1, max(-1, q.first - 4), -1)]
        opened = next((m for m in near if m >= 0 and s.key[m] == '"'), None)
        if opened is None:
            return None
        closed = next((m for m in range(q.last, min(end, q.last + 15)) if s.key[m] == '"'), None)
        return (opened + 1, closed) if closed is not None else None

    def _name_of_recipients(self, q: Quantity, end: int) -> tuple[int, int] | None:
        """``tuyên dương 10 gương mặt trẻ tiêu biểu toàn quân``: what they are honoured as is the title."""
        s = self.s
        if s.key[q.text_first] not in ("gương", "điển", "công", "nhà"):
            return None
        m = q.text_first
        while m < end and m - q.text_first < 12 and s.shape[m] in "xXA" and s.gap[m] != "\n":
            if s.key[m] in (
                "năm",
                "được",
                "có",
                "đã",
                "trong",
                "nhận",
                "của",
                "tại",
                "và",
                "là",
                "vì",
                "nhiệm",
                "đạt",
                "vừa",
                "giai",
                "sáng",
                "chiều",
                "tối",
                "đại",
                "đến",
                "cho",
                "theo",
                "khu",
                "thuộc",
                "trên",
                "lần",
                "do",
            ):
                break
            m += 1
        named = any(
            s.key[i : i + 2] in (["tiêu", "biểu"], ["triển", "vọng"], ["nổi", "bật"]) for i in range(q.text_first, m)
        )
        return (q.text_first, m) if named and m - q.text_first >= 5 else None

    def _reason(self, q: Quantity, h: Honour, events: list[_Event], number: int, end: int) -> tuple[int, int] | None:
        """``có thành tích …`` after the recipients or, in the passive, after the honour, to the end of the clause."""
        s = self.s
        if h.first >= q.last:
            passive = next((m for m in range(q.last, h.first) if s.key[m] in ("được", "nhận")), h.first)
            before = self._reason_from(q.last, passive, passive)
            return before or self._reason_from(h.end, min(end, h.end + 9), end)
        stop = events[number + 1].first if number + 1 < len(events) else end
        limit = stop if number + 1 < len(events) and events[number + 1].quantity is not None else end
        return self._reason_from(q.last, stop, limit)

    def _reason_from(self, begin: int, stop: int, limit: int) -> tuple[int, int] | None:
        """The reason whose first word stands between ``begin`` and ``stop``, at most to ``limit``."""
        s, m = self.s, begin
        while m < stop and (self.k.cues["adjective"].at(s.key, m, stop) is not None or m - begin < 8):
            found = self.k.cues["reason"].at(s.key, m, stop)
            if found is not None:
                last = m
                while (
                    last < limit
                    and s.key[last] not in (".", ";", "(")
                    and not (s.key[last] == "," and self._new_clause(last + 1, limit))
                ):
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
        return m < end and (
            s.shape[m] == "d"
            or s.key[m] in ("trao", "tặng", "đồng", "trong", "các", "tổng")
            or self.k.cues["give"].at(s.key, m, end) is not None
        )

    def _share_reasons(self, start: int) -> None:
        """``06 tập thể và 06 cá nhân có thành tích …``: recipients joined by ``và`` share what follows them."""
        s = self.s
        for here, after in zip(self.facts[start:-1], self.facts[start + 1 :], strict=True):
            if (
                here.reason is None
                and after.reason is not None
                and here.recipient_range
                and after.recipient_range
                and here.title is None
            ):
                gap = s.key[here.recipient_range[1] : after.recipient_range[0]]
                if len(gap) <= 3 and gap and gap[0] in ("và", ",", "cùng"):
                    here.reason = after.reason

    def _years(self, start: int, first: int, end: int) -> None:
        """The year named after the awards of a sentence belongs to all of them; a year named before, if it is alone."""
        for fact in self.facts[start:]:
            if fact.year is not None:
                continue
            limit = next((m for m in range(fact.last, end) if self._own_statement(m, end)), end)
            fact.year = year_in(self.s, fact.first, limit)
            if fact.year is None and not any(self.s.is_year(m) for m in range(fact.first, limit)):
                fact.year = year_in(self.s, first, fact.first) if self._near_year(first, fact.first) else None

    def _own_statement(self, m: int, end: int) -> bool:
        """Does a clause with a giving of its own begin after the semicolon ``m``?"""
        return self.s.key[m] == ";" and self._cue_between("give", m, min(end, m + 14))

    def _near_year(self, first: int, last: int) -> bool:
        """A year before the award dates it only as part of what is given or reviewed, not as the day of the meeting."""
        s = self.s
        return any(s.is_year(m) and not (m > 0 and s.key[m - 1] in ("/", "-", ".")) for m in range(first, last))

    def _parts_by_sum(self, start: int) -> None:
        """``397 gương được biểu dương …, 153 tập thể, 244 cá nhân``: two or more that add up to one before them."""
        facts = self.facts
        for i in range(start, len(facts)):
            if facts[i].part_of is not None:
                continue
            total, j = 0, i + 1
            while j < min(len(facts), i + 30) and facts[j].part_of is None and total < facts[i].count:
                total += facts[j].count
                j += 1
            same = all(facts[m].form == facts[i].form or facts[i].recipient == "mixed" for m in range(i + 1, j))
            if total == facts[i].count and j - i > 2 and same:
                for m in range(i + 1, j):
                    facts[m].part_of = i

    # -- grantors ----------------------------------------------------------------------------------------------------

    def _grantor_of(self, h: Honour, q: Quantity | None, first: int, end: int) -> tuple[int, int] | None:
        """Who gives, when the sentence says so: ``được X tặng``, ``… của X``, ``X … tặng``, ``do X trao``."""
        s = self.s
        after = h.end
        opens = min(h.first, q.first) if q is not None else h.first
        clause = max([first, *(m + 1 for m in range(first, opens) if s.key[m] == ";")])
        if s.key[clause] not in ("tặng", "trao", "khen", "và", "biểu", "tuyên"):  # "X thưởng nóng …; tặng …": still X
            first = clause
        end = min([end, *(m for m in range(max(after, q.last if q is not None else 0), end) if s.key[m] == ";")])
        bodies = _within(self.a.organizations, first, end)
        while after < end and s.key[after] in ('"', ")"):
            after += 1
        for b in bodies:
            lead = s.key[after : b.first]
            if (
                0 < len(lead) <= 6
                and {"của", "do", "từ"} & set(lead)
                and "cho" not in lead
                and not any(k.isdigit() for k in lead)
            ):
                return self._with_office(b, after)
        office = self._office_alone(after, min(end, after + 5), of=True)
        if office is not None:
            return office
        behalf = next((m + 2 for m in range(first, h.first - 1) if s.key[m : m + 2] == ["ủy", "quyền"]), None)
        if behalf is not None:  # Thừa ủy quyền của Chủ tịch nước, … trao
            behalf += s.key[behalf] == "của"
            title = self.k.cues["office"].at(s.key, behalf, h.first)
            on_behalf = next((b for b in bodies if b.first >= behalf and b.first - behalf <= 4), None)
            if on_behalf is not None:
                return self._with_office(on_behalf, behalf)
            if title is not None:
                return behalf, title[0]
        if q is not None and q.last <= h.first:
            inside = [
                b for b in bodies if q.last <= b.first and b.last <= h.first and "được" in s.key[q.last : b.first]
            ]
            if inside:
                return self._with_office(inside[-1], q.last)
            late = q.last
            while late < h.first and s.key[late] != "được":
                late += 1
            office = self._office_alone(late, h.first, of=False)
            if office is not None:
                return office
        before = [b for b in bodies if b.last <= h.first and self._gives(b, h.first)]
        if before:
            return self._with_office(self._subject(before), first)
        lone = self._office_alone(first, h.first, of=False)
        if lone is not None:
            return lone
        agents = [b for b in bodies if b.first >= after and s.key[b.first - 1] in ("do", "bởi", "từ")]
        return self._with_office(agents[0], after) if agents else None

    def _gives(self, b: Mention, at: int) -> bool:
        """Is the body before the honour its giver, not a place, an addressee or one who receives it?"""
        s = self.s
        if b.first > 0 and s.key[b.first - 1] in _NO_SUBJECT_AFTER | {"khỏi"}:
            return False
        lead = s.key[b.last : at]
        gave = any(k in ("trao", "tặng", "tổ", "khen") for k in lead)
        return gave or not {"đạt", "đoạt", "giành", "nhận", "được", "đón", "dẫn", "thắng", "vinh"} & set(lead)

    def _complete_grantors(self) -> None:
        """Statements that do not say who gives take the giver or organizer named nearest before, else after.

        ``Dịp này, đã tặng …``; ``Trong đó có 2 giải nhất …``; a headline that the first paragraph explains.
        """
        givers = sorted({f.grantor for f in self.facts if f.grantor is not None} | set(self._organizers()))
        if not givers:
            return
        firsts = [g[0] for g in givers]
        for fact in self.facts:
            if fact.grantor is None:
                at = bisect_left(firsts, fact.first)
                giver = givers[at - 1] if at else givers[0]
                between = self.s.key[min(giver[1], fact.last) : max(giver[0], fact.first)][:200]
                other_clause = ";" in between and "." not in between
                # "X tặng giấy khen cho …; bằng khen cho …" goes on giving; "…; 6 cá nhân nhận …" says nothing of X
                if not other_clause or (giver[0] < fact.first and not fact.source.endswith("received")):
                    fact.grantor = giver

    def _organizers(self) -> Iterator[tuple[int, int]]:
        """Bodies that hold, launch or give: ``X tổ chức lễ …``, ``do X phối hợp … tổ chức``."""
        s = self.s
        acts = (
            ("tổ", "chức"),
            ("trao",),
            ("tặng",),
            ("tuyên", "dương"),
            ("tôn", "vinh"),
            ("vinh", "danh"),
            ("phát", "động"),
            ("khen", "thưởng"),
            ("biểu", "dương"),
            ("tổng", "kết"),
            ("phối", "hợp"),
        )
        for b in self.a.organizations:
            if b.kind == "media" and s.key[b.last : b.last + 1] != ["tổ"]:
                continue
            if b.first > 0 and s.key[b.first - 1] in _NO_SUBJECT_AFTER | {"với", "bầu"}:
                continue
            m = b.last
            while (
                m < min(len(s), b.last + 9) and s.key[m] not in (".", ";", ":", "(", "được", "-") and s.gap[m] != "\n"
            ):
                if any(tuple(s.key[m : m + len(a)]) == a for a in acts):
                    yield self._with_office(b, max(0, b.first - 6))
                    break
                m += 1

    def _complete_titles(self) -> None:
        """``Trong đó có 18 giải nhất``: prizes belong to the named award that the report speaks of."""
        named = [(h.first, h.title) for h in self.a.honours if h.title is not None and h.form == "giải thưởng"]
        if not named:
            return
        firsts = [first for first, _ in named]
        for fact in self.facts:
            if fact.title is None and fact.form.startswith("giải"):
                at = bisect_left(firsts, fact.first + 1)
                fact.title = named[at - 1][1] if at else named[0][1]

    def _subject(self, before: list[Mention]) -> Mention:
        """Of several bodies before the verb the nearest one; of bodies joined by ``và`` or a comma the first."""
        chosen = before[-1]
        for b in reversed(before[:-1]):
            gap = self.s.key[b.last : chosen.first]
            if gap not in (["và"], [","], ["phối", "hợp"], ["phối", "hợp", "với"], ["phối", "hợp", "cùng"], ["cùng"]):
                break
            chosen = b
        return chosen

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
            if found is None or s.key[m] not in ("chủ", "thủ") or s.key[found[0] - 1] not in ("nước", "tướng", "phủ"):
                continue
            if not of or (m > a and s.key[m - 1] == "của"):
                return m, found[0]
        return None

    # -- the whole report --------------------------------------------------------------------------------------------

    def _praises(self, fact: AwardFact) -> bool:
        """Is the form only a verb of praise?"""
        return fact.form.split()[0] in ("khen", "tuyên", "biểu", "tôn", "vinh", "trao", "tặng", "thưởng", "tri")

    def _without_repeats(self) -> list[AwardFact]:
        """The same count, recipients and honour said twice (headline, caption) is one fact; the fuller one stays."""
        kept: list[AwardFact] = []
        place: dict[tuple[int, str, str], int] = {}
        moved: dict[int, int] = {}
        by_noun = {(f.count, f.recipient) for f in self.facts if not self._praises(f)}
        told = {f.count for f in self.facts if not self._title_block(f.first)}
        for number, fact in enumerate(self.facts):
            if fact.count in told and self._title_block(fact.first) and fact.count > 1:
                continue  # the headline or caption of what the text tells
            if self._praises(fact) and (fact.count, fact.recipient) in by_noun and fact.count > 1:
                continue  # "khen thưởng 3 cá nhân" is the giấy khen that the report names elsewhere
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


# The share that was right among the awards of each kind, on the newspaper articles that were read while rules were
# written and on reports written for that purpose (docs/accuracy.md has the table on reports nobody had read).
_SHARE_RIGHT = {"noun": 0.96, "title": 0.9, "prize": 0.76, "verb": 0.74}


def _confidence(h: Honour, rule: str, count: int, approximate: bool) -> float:
    """How often a statement of this kind was right; a single recipient or a round number is less sure."""
    return _share(rule, h) - 0.1 * (count == 1) - 0.1 * approximate


def _share(rule: str, h: Honour) -> float:
    return 0.82 if rule == "awards.counted" else _SHARE_RIGHT[h.kind]


_S = TypeVar("_S", Honour, Quantity, Mention, Block)


def _within(spans: list[_S], first: int, end: int) -> list[_S]:
    """The spans, in order, that begin between two syllables."""
    return spans[bisect_left(spans, first, key=lambda x: x.first) : bisect_left(spans, end, key=lambda x: x.first)]


def _fullness(fact: AwardFact) -> int:
    return sum(x is not None for x in (fact.title, fact.grantor, fact.reason, fact.year))


def _rank(knowledge: Knowledge, h: Honour) -> int:
    entry = knowledge.sections["honours"].get(h.rule.rsplit(".", 1)[-1])
    return entry.rank if entry is not None else 5


@Language.factory(
    "trichluc_relating", default_config={"knowledge": None}, requires=["doc.user_data"], assigns=["doc.spans"]
)
def create_relating(nlp: Language, name: str, knowledge: dict | None) -> Relating:  # type: ignore[type-arg]
    """The component, as spaCy asks for it."""
    return Relating(build_knowledge(knowledge))


class Relating:
    """spaCy component: award statements (``doc.spans["awards"]``, label = the honour's form)."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def __call__(self, doc: Doc) -> Doc:
        analysis = analysis_of(doc)
        analysis.awards = Relater(self.knowledge, analysis).run()
        s = analysis.syllables
        doc.spans["awards"] = [span(doc, s, a.first, a.last, a.form, a.source) for a in analysis.awards]
        return doc
