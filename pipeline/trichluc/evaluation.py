"""Scoring records against gold, and checking the laws of the record.

A name is right when it equals a gold name up to letter case, quotation marks, outer punctuation and the
place of the tone mark; ``*_partial`` also accepts a name that holds the other, or is held by it, word for word.
An award is right when its count, recipient and form are; its grantor and title are scored where the award is
right. Within a document every gold fact takes the first free fact that agrees with it.

Intervals are percentile bootstrap intervals over documents (Efron & Tibshirani, *An Introduction to the
Bootstrap*, 1993, chapter 13): facts of one document are not independent, documents are.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table

from trichluc.errors import GoldError
from trichluc.record import Award, Campaign, CampaignKind, Document, Organization, Quote, Recipient, Record

KINDS = ("org", "org_partial", "campaign", "campaign_partial", "award_count", "award")
"""What is scored by precision and recall."""
FIELDS = ("campaign_kind", "campaign_year", "award_grantor", "award_title")
"""What is scored by accuracy, on the facts that are right."""
RESAMPLES = 1000
SEED = 1993

Counts: TypeAlias = npt.NDArray[Any]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# --- gold -------------------------------------------------------------------------------------------------------


class GoldOrganization(BaseModel):
    """A distinct surface string that names a body."""

    text: str


class GoldCampaign(BaseModel):
    """A distinct named collective action."""

    text: str
    kind: CampaignKind
    year: int | None = None


class GoldAward(BaseModel):
    """A statement of how many recipients received which honour."""

    count: int
    recipient: Recipient
    form: str
    title: str | None = None
    grantor: str | None = None
    reason: str | None = None
    year: int | None = None
    evidence: str | None = None


class GoldReport(BaseModel):
    """One report with what a careful reader wrote down.

    >>> from trichluc.evaluation import GoldReport
    >>> GoldReport(id="a", text="Tỉnh đoàn họp.", organizations=[{"text": "Tỉnh đoàn"}]).organizations[0].text
    'Tỉnh đoàn'
    """

    id: str
    text: str
    organizations: list[GoldOrganization] = []
    campaigns: list[GoldCampaign] = []
    awards: list[GoldAward] = []


def load_gold(folder: str | Path) -> list[GoldReport]:
    """Read every ``X.gold.yaml`` of a folder with its ``X.txt``, in order of name.

    The text is read as UTF-8 (a byte order mark is no part of it) with its line ends as they are.

    Raises :class:`~trichluc.errors.GoldError`, naming the file: no such folder, no gold file, no text beside
    a gold file, YAML that cannot be read, or an entry that is not of the form of ``gold/GUIDELINES.md``.

    >>> import tempfile, pathlib
    >>> from trichluc.evaluation import load_gold
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = pathlib.Path(name)
    ...     _ = (folder / "a.txt").write_text("Tỉnh đoàn họp.", encoding="utf-8")
    ...     _ = (folder / "a.gold.yaml").write_text("organizations: [{text: Tỉnh đoàn}]", encoding="utf-8")
    ...     [(report.id, report.text) for report in load_gold(folder)]
    [('a', 'Tỉnh đoàn họp.')]
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise GoldError(str(folder), "there is no such folder", "give a folder that holds X.txt and X.gold.yaml")
    files = sorted(folder.glob("*.gold.yaml"))
    if not files:
        raise GoldError(str(folder), "the folder holds no *.gold.yaml", "give a folder of X.txt and X.gold.yaml")
    return [_read_gold(file) for file in files]


def _read_gold(file: Path) -> GoldReport:
    name = file.name.removesuffix(".gold.yaml")
    text_file = file.with_name(name + ".txt")
    if not text_file.is_file():
        raise GoldError(str(file), f"its report {text_file.name} is missing", "put the report beside it")
    try:
        content = yaml.load(_read_utf8(file), Loader=_Loader)
    except yaml.YAMLError as error:
        raise GoldError(str(file), f"no readable YAML: {' '.join(str(error).split())}", "mend the file") from error
    if not isinstance(content, dict):
        raise GoldError(str(file), "not a mapping with organizations, campaigns and awards", "see GUIDELINES.md")
    # A key without a value ("awards:") means none; pydantic would want a list.
    lists = {key: content.get(key) or [] for key in ("organizations", "campaigns", "awards")}
    try:
        return GoldReport(id=name, text=_read_utf8(text_file), **lists)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise GoldError(str(file), f"{where}: {first['msg']}", "mend the entry (see GUIDELINES.md)") from error


def _read_utf8(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GoldError(str(file), f"not UTF-8 (byte {error.start})", "save the file as UTF-8") from error


# --- systems ----------------------------------------------------------------------------------------------------

System = Callable[[Iterable[tuple[str, str]]], Iterator[Record]]
"""A system under evaluation: (id, text) pairs in, one record each out, in the same order."""


def _trichluc(reports: Iterable[tuple[str, str]], rules_only: bool = False) -> Iterator[Record]:
    from trichluc import extract_many  # late: scoring records needs no pipeline

    records: Iterator[Record] = extract_many(reports, rules_only=rules_only)
    return records


def _underthesea(reports: Iterable[tuple[str, str]]) -> Iterator[Record]:
    """The peer: ORG entities of ``underthesea.ner``, sentence by sentence. It knows no campaigns and no awards."""
    for id, text in reports:
        mentions: dict[str, list[Quote]] = {}
        for start, end in _ner_organizations(text):
            mentions.setdefault(text[start:end], []).append(Quote(text=text[start:end], start=start, end=end))
        organizations = [
            Organization(id=f"org-{number}", name=name, kind="other", mentions=quotes)
            for number, (name, quotes) in enumerate(mentions.items(), 1)
        ]
        document = Document(id=id, sha256=_sha256(text), characters=len(text))
        yield Record(document=document, organizations=organizations)


def _ner_organizations(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every ORG entity, in order, as offsets into ``text``."""
    from underthesea import ner

    for start, sentence in _sentences(text):
        tags = ner(sentence)
        spans = _word_spans(sentence, [word for word, *_ in tags])
        entity: list[int] | None = None
        for (first, last), (*_, tag) in zip(spans, tags, strict=True):
            if tag == "I-ORG" and entity:
                entity[1] = last
                continue
            if entity:
                yield start + entity[0], start + entity[1]
            entity = [first, last] if tag == "B-ORG" and first < last else None
        if entity:
            yield start + entity[0], start + entity[1]


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """underthesea's own sentences, line by line, each with its offset in ``text``."""
    from underthesea import sent_tokenize

    cursor = 0
    for line in text.splitlines():
        for sentence in sent_tokenize(line):
            cursor = text.index(sentence, cursor)
            yield cursor, sentence
            cursor += len(sentence)


def _word_spans(sentence: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where underthesea's words stand in ``sentence``.

    underthesea composes letters, moves tone marks and mends spellings (``nghành`` becomes ``ngành``), so a word
    cannot be searched for. Its tokenizer without the mending gives the same tokens, and these cover every base
    letter of the sentence in order: counting base letters leads back to the offsets.
    """
    from underthesea.pipeline.word_tokenize.regex_tokenize import tokenize

    letters = [place for place, char in enumerate(sentence) for _ in range(_base_letters(char))]
    ends = [0]
    for token in tokenize(sentence, use_token_normalize=False):
        ends.append(ends[-1] + _base_letters(token))
    spans = []
    token_count = 0
    for word in words:
        first = ends[token_count]
        token_count += len(word.split(" "))
        last = ends[token_count]
        spans.append((letters[first], _after_marks(sentence, letters[last - 1] + 1)) if first < last else (0, 0))
    return spans


def _base_letters(text: str) -> int:
    decomposed = unicodedata.normalize("NFD", text)
    return sum(not char.isspace() and not unicodedata.combining(char) for char in decomposed)


def _after_marks(text: str, end: int) -> int:
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


systems: dict[str, System] = {
    "trichluc": _trichluc,
    "rules": partial(_trichluc, rules_only=True),
    "underthesea": _underthesea,
}
"""Systems by the name that ``trichluc evaluate --system`` takes; ``rules`` is trichluc without its model."""


# --- what counts as equal ---------------------------------------------------------------------------------------

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_QUOTES = re.compile("[“”\"'‘’«»]")
_KIND_WORD = re.compile(
    r"^(chiến dịch|phong trào thi đua|phong trào|cuộc vận động|chương trình|hội thi|cuộc thi|dự án|đề án|mô hình"
    r"|công trình|đợt thi đua|giải)\s+",
    re.IGNORECASE,
)
_FINAL_YEAR = re.compile(
    r"[\s,(–-]*(năm học|năm|giai đoạn|lần thứ)?\s*(19|20)\d\d(\s*[-–]\s*(19|20)\d\d)?\)?$", re.IGNORECASE
)


@lru_cache(maxsize=100_000)
def name_key(text: str) -> str:
    """What two spellings of one name share: no case, no quotes, no outer punctuation, tone marks in one place.

    >>> from trichluc.evaluation import name_key
    >>> name_key("“Ban Thường vụ Thành đoàn”,") == name_key("ban thường vụ thành đoàn")
    True
    >>> name_key("UBND TP.HCM – Quận 5") == name_key("UBND TP HCM-quận 5"), name_key("hoà") == name_key("hòa")
    (True, True)
    """
    text = unicodedata.normalize("NFC", text).casefold()
    text = _QUOTES.sub(" ", text.replace("„", " "))
    text = re.sub(r"\s*[-–—]\s*", "-", text)
    text = re.sub(r"(?<=\w)\.(?=\s*\w)", " ", text)
    text = re.sub(r"^[\W_]+|[\W_]+$", "", text)
    return " ".join(_tone_last(syllable) for syllable in text.split())


def _tone_last(syllable: str) -> str:
    decomposed = unicodedata.normalize("NFD", syllable)
    letters = "".join(char for char in decomposed if char not in _TONES)
    return unicodedata.normalize("NFC", letters) + "".join(char for char in decomposed if char in _TONES)


@lru_cache(maxsize=100_000)
def campaign_key(text: str) -> str:
    """The key of a campaign's name without its kind word and final years; a one-word name keeps its kind word.

    >>> from trichluc.evaluation import campaign_key
    >>> campaign_key("phong trào “Đồng hành với thanh niên” năm 2016") == campaign_key("Đồng hành với thanh niên")
    True
    """
    name = _QUOTES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    shortened = None
    while shortened != name:
        shortened, name = name, _FINAL_YEAR.sub("", name).strip()
    bare = _KIND_WORD.sub("", name).strip()
    return name_key(bare if len(bare.split()) >= 2 else name)


def _overlap(first: str, second: str) -> bool:
    """Two keys are equal, or one holds the other word for word."""
    return first == second or f" {first} " in f" {second} " or f" {second} " in f" {first} "


class _FoundCampaign(NamedTuple):
    campaign: Campaign
    key: str
    keys: frozenset[str]


def _organization_names(record: Record) -> Iterator[str]:
    for organization in record.organizations:
        yield from [mention.text for mention in organization.mentions] or [organization.name]


def _found_campaigns(record: Record) -> list[_FoundCampaign]:
    found: dict[str, _FoundCampaign] = {}
    for campaign in record.campaigns:
        mentions = [mention.text for mention in campaign.mentions]
        key = campaign_key(campaign.name or "".join(mentions[:1]))
        found[key] = _FoundCampaign(campaign, key, frozenset({key, *map(campaign_key, mentions)}))
    return list(found.values())


def _grantor_keys(award: Award, organizations: dict[str, Organization]) -> list[str]:
    """Every name the record gives to who gave the award."""
    names = [award.grantor_text or ""]
    if award.grantor in organizations:
        grantor = organizations[award.grantor]
        names += [grantor.name, *(mention.text for mention in grantor.mentions)]
    else:
        names.append(award.grantor or "")
    return [name_key(name) for name in names if name]


def _same_count(gold: GoldAward, award: Award) -> bool:
    return gold.count == award.count and gold.recipient == award.recipient


def same_award(gold: GoldAward, award: Award) -> bool:
    """Do count, recipient and honour agree?"""
    wanted, found = name_key(gold.form), name_key(award.form)
    # "bằng khen" and "bằng khen của Thủ tướng" are one form; no form at all is not.
    return _same_count(gold, award) and (wanted in found or (found != "" and found in wanted))


# --- one document -----------------------------------------------------------------------------------------------

_Gold = TypeVar("_Gold")
_Found = TypeVar("_Found")


class Difference(NamedTuple):
    """A gold fact that was missed (``-``) or a fact that gold does not hold (``+``), in words."""

    document: str
    sign: str
    what: str


@dataclass
class _Outcome:
    """What one document adds to the sums."""

    counts: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # kind -> tp, fp, fn
    fields: dict[str, Counter[bool]] = field(default_factory=lambda: {name: Counter() for name in FIELDS})
    errors: dict[str, list[Difference]] = field(default_factory=dict)
    awards: list[tuple[float, bool]] = field(default_factory=list)  # confidence, right


def _assess(gold: GoldReport, record: Record) -> _Outcome:
    outcome = _Outcome()
    _assess_organizations(outcome, gold, record)
    _assess_campaigns(outcome, gold, record)
    _assess_awards(outcome, gold, record)
    return outcome


def _match(
    outcome: _Outcome,
    kind: str,
    document: str,
    gold: Sequence[_Gold],
    found: Sequence[_Found],
    agree: Callable[[_Gold, _Found], bool],
    describe: Callable[[Any], str],
) -> list[tuple[_Gold, _Found]]:
    """Give every gold fact the first free fact that agrees, write the counts and errors, return the pairs."""
    free = list(range(len(found)))
    pairs: list[tuple[_Gold, _Found]] = []
    errors: list[Difference] = []
    for wanted in gold:
        place = next((place for place in free if agree(wanted, found[place])), None)
        if place is None:
            errors.append(Difference(document, "-", describe(wanted)))
        else:
            free.remove(place)
            pairs.append((wanted, found[place]))
    errors += [Difference(document, "+", describe(found[place])) for place in free]
    outcome.counts[kind] = (len(pairs), len(free), len(gold) - len(pairs))
    outcome.errors[kind] = errors
    return pairs


def _assess_organizations(outcome: _Outcome, gold: GoldReport, record: Record) -> None:
    wanted = {name_key(organization.text): organization.text for organization in gold.organizations}
    found = {name_key(name): name for name in _organization_names(record) if name}
    written = {**found, **wanted}
    for kind, agree in (("org", str.__eq__), ("org_partial", _overlap)):
        _match(outcome, kind, gold.id, sorted(wanted), sorted(found), agree, written.__getitem__)


def _assess_campaigns(outcome: _Outcome, gold: GoldReport, record: Record) -> None:
    wanted = list({campaign_key(campaign.text): campaign for campaign in gold.campaigns}.values())
    found = _found_campaigns(record)

    def same(campaign: GoldCampaign, candidate: _FoundCampaign) -> bool:
        return campaign_key(campaign.text) in candidate.keys

    def overlapping(campaign: GoldCampaign, candidate: _FoundCampaign) -> bool:
        return _overlap(campaign_key(campaign.text), candidate.key)

    pairs = _match(outcome, "campaign", gold.id, wanted, found, same, _describe_campaign)
    _match(outcome, "campaign_partial", gold.id, wanted, found, overlapping, _describe_campaign)
    for campaign, candidate in pairs:
        outcome.fields["campaign_kind"][campaign.kind == candidate.campaign.kind] += 1
        # Gold without a year does not say that there is none.
        outcome.fields["campaign_year"][campaign.year in (None, candidate.campaign.year)] += 1


def _assess_awards(outcome: _Outcome, gold: GoldReport, record: Record) -> None:
    organizations = {organization.id: organization for organization in record.organizations}
    _match(outcome, "award_count", gold.id, gold.awards, record.awards, _same_count, _describe_award)
    pairs = _match(outcome, "award", gold.id, gold.awards, record.awards, same_award, _describe_award)
    right = {id(award) for _, award in pairs}
    outcome.awards = [(award.confidence, id(award) in right) for award in record.awards]
    for wanted, award in pairs:
        if wanted.grantor:
            key = name_key(wanted.grantor)
            names = _grantor_keys(award, organizations)
            outcome.fields["award_grantor"][any(_overlap(key, name) for name in names)] += 1
        if wanted.title:
            title_is_right = bool(award.title) and _overlap(name_key(wanted.title), name_key(award.title or ""))
            outcome.fields["award_title"][title_is_right] += 1


def _describe_campaign(fact: GoldCampaign | _FoundCampaign) -> str:
    name, campaign = (fact.text, fact) if isinstance(fact, GoldCampaign) else (fact.campaign.name, fact.campaign)
    return f"{name} ({campaign.kind}, {campaign.year or 'no year'})"


def _describe_award(fact: GoldAward | Award) -> str:
    evidence = fact.evidence.text if isinstance(fact, Award) else fact.evidence
    title = f" “{fact.title}”" if fact.title else ""
    return f"{fact.count} {fact.recipient}: {fact.form}{title} | {evidence}"


# --- all documents ----------------------------------------------------------------------------------------------

Interval = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """Precision, recall and their harmonic mean, with 95 % intervals and the counts they come from."""

    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int
    precision_interval: Interval
    recall_interval: Interval
    f1_interval: Interval


@dataclass(frozen=True)
class Accuracy:
    """The share that is right of ``n``; ``None`` where there was nothing to judge."""

    value: float | None
    n: int
    interval: Interval | None


@dataclass(frozen=True)
class Bin:
    """Awards whose confidence lies in [low, high), the last bin with its end: how many, how many right."""

    low: float
    high: float
    awards: int
    right: int
    mean_confidence: float

    @property
    def share_right(self) -> float:
        """What the mean confidence of the bin should be equal to."""
        return self.right / self.awards


@dataclass(frozen=True)
class Evaluation:
    """How well one system did: scores by kind, accuracies by field, every error, and a reliability table."""

    documents: int
    missing: list[str]
    scores: dict[str, Score]
    fields: dict[str, Accuracy]
    errors: dict[str, list[Difference]]
    reliability: list[Bin]

    def summary(self) -> dict[str, Any]:
        """The figures alone, rounded to three decimals, under short names (p, r, f1, acc, n)."""
        summary: dict[str, Any] = {"docs": self.documents}
        for kind, score in self.scores.items():
            shares = {"p": round(score.precision, 3), "r": round(score.recall, 3), "f1": round(score.f1, 3)}
            summary[kind] = {**shares, "tp": score.tp, "fp": score.fp, "fn": score.fn}
        for name, accuracy in self.fields.items():
            value = None if accuracy.value is None else round(accuracy.value, 3)
            summary[name] = {"acc": value, "n": accuracy.n}
        return summary


def evaluate(gold: Iterable[GoldReport], records: Iterable[Record]) -> Evaluation:
    """Score records against gold, matched by document id.

    A gold report without a record counts as a record without facts and is listed in ``missing``; records of
    other documents are left out. Raises :class:`~trichluc.errors.GoldError` where there is no gold report.

    >>> from trichluc.evaluation import GoldReport, evaluate
    >>> from trichluc.record import Document, Organization, Quote, Record
    >>> gold = GoldReport(id="a", text="Tỉnh đoàn và Huyện ủy.", organizations=[
    ...     {"text": "Tỉnh đoàn"}, {"text": "Huyện ủy"}])
    >>> quote = Quote(text="Tỉnh đoàn", start=0, end=9)
    >>> record = Record(document=Document(id="a", sha256="", characters=22), organizations=[
    ...     Organization(id="org-1", name="Tỉnh đoàn", kind="youth_union", mentions=[quote])])
    >>> evaluation = evaluate([gold], [record])
    >>> evaluation.scores["org"].precision, evaluation.scores["org"].recall
    (1.0, 0.5)
    >>> evaluation.errors["org"]
    [Difference(document='a', sign='-', what='Huyện ủy')]
    """
    gold = list(gold)
    if not gold:
        raise GoldError("gold", "there is no report to score", "give at least one gold report")
    wanted = {report.id for report in gold}
    by_id = {record.document.id: record for record in records if record.document.id in wanted}
    outcomes = [_assess(report, by_id.get(report.id) or _empty_record(report)) for report in gold]
    scores, fields = _sum_up(outcomes)
    return Evaluation(
        documents=len(gold),
        missing=[report.id for report in gold if report.id not in by_id],
        scores=scores,
        fields=fields,
        errors={kind: [error for outcome in outcomes for error in outcome.errors[kind]] for kind in KINDS},
        reliability=_reliability([award for outcome in outcomes for award in outcome.awards]),
    )


def _empty_record(report: GoldReport) -> Record:
    return Record(document=Document(id=report.id, sha256=_sha256(report.text), characters=len(report.text)))


def _sum_up(outcomes: Sequence[_Outcome]) -> tuple[dict[str, Score], dict[str, Accuracy]]:
    """Add the documents up, once as they are and :data:`RESAMPLES` times drawn with replacement."""
    counts = np.array([[outcome.counts[kind] for kind in KINDS] for outcome in outcomes], dtype=np.int64)
    right = np.array([[(o.fields[name][True], o.fields[name].total()) for name in FIELDS] for o in outcomes])
    documents = len(outcomes)
    # How often each document is drawn: what drawing `documents` of them with replacement comes to.
    draws = np.random.default_rng(SEED).multinomial(documents, np.full(documents, 1 / documents), size=RESAMPLES)
    counts_drawn = np.einsum("rd,dkc->rkc", draws, counts)
    right_drawn = np.einsum("rd,dfc->rfc", draws, right)
    scores = {kind: _score(counts[:, place].sum(axis=0), counts_drawn[:, place]) for place, kind in enumerate(KINDS)}
    fields = {name: _accuracy(right[:, place].sum(axis=0), right_drawn[:, place]) for place, name in enumerate(FIELDS)}
    return scores, fields


def _score(counts: Counts, drawn: Counts) -> Score:
    """``counts`` is (tp, fp, fn); ``drawn`` has one such row for each resample."""
    precision, recall, f1 = (float(value[0]) for value in _precision_recall_f1(counts[np.newaxis]))
    intervals = [_percentiles(values) for values in _precision_recall_f1(drawn)]
    tp, fp, fn = (int(count) for count in counts)
    return Score(precision, recall, f1, tp, fp, fn, *intervals)


def _precision_recall_f1(counts: Counts) -> tuple[Counts, Counts, Counts]:
    """Columns tp, fp, fn to three columns. Nothing found is a precision of 1, nothing to find a recall of 1."""
    tp, fp, fn = counts.T.astype(float)
    precision = np.divide(tp, tp + fp, out=np.ones_like(tp), where=tp + fp > 0)
    recall = np.divide(tp, tp + fn, out=np.ones_like(tp), where=tp + fn > 0)
    total = precision + recall
    return precision, recall, np.divide(2 * precision * recall, total, out=np.zeros_like(tp), where=total > 0)


def _accuracy(counts: Counts, drawn: Counts) -> Accuracy:
    """``counts`` is (right, n); a resample that drew nothing to judge says nothing and is left out."""
    right, n = (int(count) for count in counts)
    if n == 0:
        return Accuracy(None, 0, None)
    judged = drawn[drawn[:, 1] > 0]
    return Accuracy(right / n, n, _percentiles(judged[:, 0] / judged[:, 1]))


def _percentiles(values: Counts) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _reliability(awards: Sequence[tuple[float, bool]], bins: int = 10) -> list[Bin]:
    """Awards by confidence, bins of equal width, empty ones left out."""
    filled: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in awards:
        # A hair is added so that 0.7, which is a little less than 7/10 times 10, opens its bin.
        place = min(max(int(confidence * bins + 1e-9), 0), bins - 1)
        filled.setdefault(place, []).append((confidence, right))
    table = []
    for place, members in sorted(filled.items()):
        mean = sum(confidence for confidence, _ in members) / len(members)
        right_ones = sum(right for _, right in members)
        table.append(Bin(place / bins, (place + 1) / bins, len(members), right_ones, mean))
    return table


# --- the laws of the record -------------------------------------------------------------------------------------


def check_laws(record: Record, text: str) -> list[str]:
    """What in a record breaks a law of the record (``spec/RECORD.md``), one sentence each; empty when all hold.

    ``text`` is the decoded report. Checked is what one record can show: offsets, sha256 and length, ids and
    what they refer to, totals, and that YAML and JSON hold the same content and are read back equal.

    >>> from trichluc.evaluation import check_laws
    >>> from trichluc.record import Document, Flag, Record
    >>> document = Document(id="a", sha256="0" * 64, characters=5)
    >>> flag = Flag(code="unclosed_quote", text="họp", start=1, end=4)
    >>> for law in check_laws(Record(document=document, warnings=[flag]), "Họp."):
    ...     print(law)
    document: characters is 5, the report has 4
    document: sha256 is not that of the report
    warning 1 (unclosed_quote): the report holds 'ọp.' at 1-4, not 'họp'
    """
    checks = (_check_document, _check_offsets, _check_ids, _check_references, _check_totals)
    return [law for check in checks for law in check(record, text)] + list(_check_serialization(record))


def _check_document(record: Record, text: str) -> Iterator[str]:
    if record.document.characters != len(text):
        yield f"document: characters is {record.document.characters}, the report has {len(text)}"
    if record.document.sha256 != _sha256(text):
        yield "document: sha256 is not that of the report"


def _check_offsets(record: Record, text: str) -> Iterator[str]:
    for where, quoted, start, end in _quotes(record):
        if not 0 <= start < end <= len(text):
            yield f"{where}: {start}-{end} is no stretch of a report of {len(text)} characters"
        elif text[start:end] != quoted:
            yield f"{where}: the report holds {text[start:end]!r} at {start}-{end}, not {quoted!r}"
    for entity in _entities(record):
        if not entity.mentions:
            yield f"{entity.id}: no mention points at the report"


def _entities(record: Record) -> list[Organization | Campaign]:
    return [*record.organizations, *record.campaigns]


def _quotes(record: Record) -> Iterator[tuple[str, str, int, int]]:
    """Every stretch of the report that the record quotes: where in the record, text, start, end."""
    for entity in _entities(record):
        for number, mention in enumerate(entity.mentions, 1):
            yield f"{entity.id} mention {number}", mention.text, mention.start, mention.end
    for award in record.awards:
        yield f"{award.id} evidence", award.evidence.text, award.evidence.start, award.evidence.end
    for number, flag in enumerate(record.warnings, 1):
        yield f"warning {number} ({flag.code})", flag.text, flag.start, flag.end


def _check_ids(record: Record, text: str) -> Iterator[str]:
    families: dict[str, Sequence[Organization | Campaign | Award]] = {
        "org": record.organizations,
        "campaign": record.campaigns,
        "award": record.awards,
    }
    for prefix, entities in families.items():
        for number, entity in enumerate(entities, 1):
            if entity.id != f"{prefix}-{number}":
                yield f"{entity.id}: the id should be {prefix}-{number}"
        for id, times in Counter(entity.id for entity in entities).items():
            if times > 1:
                yield f"{id}: the id stands {times} times"
    starts = [min(mention.start for mention in body.mentions) for body in record.organizations if body.mentions]
    if starts != sorted(starts):
        yield "organizations: not in order of first mention"


def _check_references(record: Record, text: str) -> Iterator[str]:
    organizations = {organization.id for organization in record.organizations}
    awards = {award.id for award in record.awards}
    references = [(body.id, "parent", body.parent, organizations) for body in record.organizations]
    references += [(award.id, "grantor", award.grantor, organizations) for award in record.awards]
    references += [(award.id, "part_of", award.part_of, awards) for award in record.awards]
    for id, key, target, known in references:
        if target is not None and target not in known:
            yield f"{id}: {key} {target} does not exist"
        elif key != "grantor" and target == id:
            yield f"{id}: {key} is itself"


def _check_totals(record: Record, text: str) -> Iterator[str]:
    expected: Counter[tuple[str, str]] = Counter()
    for award in record.awards:
        if award.part_of is None:  # a part is in its total already
            expected[award.form, award.recipient] += award.count
    given: dict[tuple[str, str], int] = {(total.form, total.recipient): total.count for total in record.totals}
    if len(given) < len(record.totals):
        yield "totals: a form and recipient stand twice"
    for form, recipient in sorted(expected.keys() | given.keys()):
        added, written = expected.get((form, recipient)), given.get((form, recipient))
        if added != written:
            yield f"totals: {form}, {recipient} is {written}, the awards add up to {added}"


def _check_serialization(record: Record) -> Iterator[str]:
    content = record.to_dict()
    readers: dict[str, Callable[[], bool]] = {
        "YAML written and read again": lambda: Record.from_yaml(record.to_yaml()) == record,
        "YAML read by yaml.safe_load": lambda: yaml.safe_load(record.to_yaml()) == content,
        "JSON written and read again": lambda: Record.from_json(record.to_json()) == record,
        "JSON": lambda: json.loads(record.to_json()) == content,
    }
    for name, same in readers.items():
        try:
            if not same():
                yield f"record: {name} holds other content"
        except (yaml.YAMLError, ValueError) as error:  # ValidationError and Unicode errors are ValueErrors
            yield f"record: {name} fails ({type(error).__name__})"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# --- showing ----------------------------------------------------------------------------------------------------


def render(evaluations: dict[str, Evaluation], console: Console, *, errors: bool = False) -> None:
    """Print the systems side by side, then the reliability of each one's awards, and with ``errors`` every error.

    >>> from rich.console import Console
    >>> from trichluc.evaluation import GoldReport, evaluate, render
    >>> render({"nothing": evaluate([GoldReport(id="a", text="Họp.")], [])}, Console(width=100, no_color=True))
    ... # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
    documents: 1; 95 % intervals by bootstrap over documents
    ...
    """
    documents = max(evaluation.documents for evaluation in evaluations.values())
    console.print(f"documents: {documents}; 95 % intervals by bootstrap over documents", highlight=False)
    for name, evaluation in evaluations.items():
        if evaluation.missing:
            console.print(f"{name}: no record for {len(evaluation.missing)} of them, scored as empty", markup=False)
    console.print(_scores_table(evaluations))
    console.print(_fields_table(evaluations))
    for name, evaluation in evaluations.items():
        if evaluation.reliability:
            console.print(_reliability_table(name, evaluation.reliability))
    if errors:
        for name, evaluation in evaluations.items():
            _render_errors(name, evaluation, console)


def _scores_table(evaluations: dict[str, Evaluation]) -> Table:
    table = Table("kind", *[f"{name}\nP R F1\n\\[F1 95 %]" for name in evaluations], show_lines=True)
    for kind in KINDS:
        scores = [evaluation.scores[kind] for evaluation in evaluations.values()]
        cells = [
            f"{score.precision:.3f} {score.recall:.3f} [bold]{score.f1:.3f}[/]\n{_interval(score.f1_interval)}"
            for score in scores
        ]
        table.add_row(kind, *cells)
    return table


def _fields_table(evaluations: dict[str, Evaluation]) -> Table:
    table = Table("field", *[f"{name}\naccuracy n\n\\[95 %]" for name in evaluations], show_lines=True)
    for name in FIELDS:
        cells = []
        for evaluation in evaluations.values():
            accuracy = evaluation.fields[name]
            if accuracy.value is None or accuracy.interval is None:
                cells.append("– n=0")
            else:
                cells.append(f"[bold]{accuracy.value:.3f}[/] n={accuracy.n}\n{_interval(accuracy.interval)}")
        table.add_row(name, *cells)
    return table


def _reliability_table(name: str, bins: Sequence[Bin]) -> Table:
    table = Table(title=f"{name}: awards by confidence")
    for heading in ("confidence", "awards", "right", "share right", "mean confidence"):
        table.add_column(heading, justify="right")
    for row in bins:
        values = (f"{row.awards}", f"{row.right}", f"{row.share_right:.3f}", f"{row.mean_confidence:.3f}")
        table.add_row(f"{row.low:.1f}–{row.high:.1f}", *values)
    return table


def _render_errors(name: str, evaluation: Evaluation, console: Console) -> None:
    for kind, errors in evaluation.errors.items():
        console.print(f"\n{name}: {kind}, {len(errors)} errors", markup=False, highlight=False)
        for error in errors:
            console.print(f"  {error.document} {error.sign} {error.what}", markup=False, highlight=False)


def _interval(interval: Interval) -> str:
    return f"\\[{interval[0]:.3f}, {interval[1]:.3f}]"


def to_json(evaluations: dict[str, Evaluation], *, errors: bool = False) -> str:
    """The figures of every system as JSON: system → docs, kinds, fields, reliability, and the errors when asked for.

    Kinds hold p, r, f1, tp, fp, fn and ``interval`` (p, r, f1 → [low, high]); fields hold acc, n and ``interval``.

    >>> import json
    >>> from trichluc.evaluation import GoldReport, evaluate, to_json
    >>> figures = json.loads(to_json({"nothing": evaluate([GoldReport(id="a", text="Họp.")], [])}))
    >>> figures["nothing"]["org"]["f1"], figures["nothing"]["campaign_kind"]
    (1.0, {'acc': None, 'n': 0, 'interval': None})
    """
    figures = {name: _to_dict(evaluation, errors) for name, evaluation in evaluations.items()}
    return json.dumps(figures, ensure_ascii=False)


def _to_dict(evaluation: Evaluation, errors: bool) -> dict[str, Any]:
    figures = evaluation.summary()
    for kind, score in evaluation.scores.items():
        intervals = {"p": score.precision_interval, "r": score.recall_interval, "f1": score.f1_interval}
        figures[kind]["interval"] = {name: _rounded(interval) for name, interval in intervals.items()}
    for name, accuracy in evaluation.fields.items():
        figures[name]["interval"] = accuracy.interval and _rounded(accuracy.interval)
    figures["missing"] = evaluation.missing
    figures["reliability"] = [
        {
            "low": row.low,
            "high": row.high,
            "awards": row.awards,
            "right": row.right,
            "share_right": round(row.share_right, 3),
            "mean_confidence": round(row.mean_confidence, 3),
        }
        for row in evaluation.reliability
    ]
    if errors:
        figures["errors"] = {kind: [error._asdict() for error in found] for kind, found in evaluation.errors.items()}
    return figures


def _rounded(interval: Interval) -> list[float]:
    return [round(bound, 3) for bound in interval]
