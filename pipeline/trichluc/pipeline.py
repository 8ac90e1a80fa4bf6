"""The whole way: text in, :class:`~trichluc.record.Record` out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_lang_class

# Importing the stages registers their components also where the package's entry points are not installed.
from . import preparing, recognizing, recording, relating, resolving  # noqa: F401
from .errors import EmptyReport, ReportTooLong, UnreadableReport
from .knowledge import read_knowledge_file
from .recognizing import tagging  # noqa: F401
from .record import Record

MAX_CHARACTERS = 5_000_000

COMPONENTS = (
    "trichluc_preparing",
    "trichluc_recognizing",
    "trichluc_tagging",
    "trichluc_relating",
    "trichluc_resolving",
    "trichluc_recording",
)
_WITH_KNOWLEDGE = {"trichluc_recognizing", "trichluc_tagging", "trichluc_relating", "trichluc_resolving"}
_OF_MODEL = "trichluc_tagging"


def load(*, knowledge: str | Path | None = None, model: str | Path | None = None, rules_only: bool = False) -> Language:
    """A spaCy ``Language`` whose documents carry their record.

    ``knowledge`` is a YAML file laid over the shipped knowledge; ``model`` a folder with another model than the shipped
    one; ``rules_only`` leaves the model out. All three travel in the pipeline's configuration, so that ``nlp.to_disk``
    and ``spacy.load`` keep them.

    >>> nlp = load()
    >>> doc = nlp("Huyện đoàn Ba Tơ tặng giấy khen cho 03 tập thể.")
    >>> doc._.record.awards[0].count, [o.text for o in doc.spans["organizations"]]
    (3, ['Huyện đoàn Ba Tơ'])

    Raises :class:`~trichluc.errors.KnowledgeError` for a file that cannot be used and
    :class:`~trichluc.errors.ModelError` for a model that is missing, damaged, or made for another version.
    """
    sections = read_knowledge_file(knowledge) if knowledge is not None else None
    nlp = get_lang_class("vi").from_config(
        {"nlp": {"lang": "vi", "tokenizer": {"@tokenizers": "trichluc.SyllableTokenizer.v1"}}}
    )
    nlp.max_length = MAX_CHARACTERS
    for component in COMPONENTS:
        config: dict[str, Any] = {"knowledge": sections} if sections and component in _WITH_KNOWLEDGE else {}
        if component == _OF_MODEL:
            if rules_only:
                continue
            config["model"] = str(model) if model is not None else None
        nlp.add_pipe(component, config=config)
    return nlp


@lru_cache(maxsize=4)
def _loaded(knowledge: str | None, stamp: float, rules_only: bool) -> Language:
    return load(knowledge=knowledge, rules_only=rules_only)


def loaded(*, knowledge: str | Path | None = None, rules_only: bool = False) -> Language:
    """The pipeline that :func:`extract` uses: one for each knowledge file; a file changed since is read again.

    Raises what :func:`load` raises.
    """
    if knowledge is None:
        return _loaded(None, 0.0, rules_only)
    path = Path(knowledge)
    return _loaded(str(path), path.stat().st_mtime if path.exists() else 0.0, rules_only)


def extract(
    text: str,
    *,
    id: str = "report",
    source: str | None = None,
    knowledge: str | Path | None = None,
    rules_only: bool = False,
    max_characters: int = MAX_CHARACTERS,
) -> Record:
    """The record of one report.

    >>> record = extract("Hội LHPN xã Bình An tặng giấy khen cho 03 tập thể và 05 cá nhân.")
    >>> [(a.count, a.recipient, a.form) for a in record.awards]
    [(3, 'collective', 'giấy khen'), (5, 'individual', 'giấy khen')]

    Raises :class:`~trichluc.errors.EmptyReport`, :class:`~trichluc.errors.ReportTooLong`,
    :class:`~trichluc.errors.UnreadableReport` (unpaired surrogates) and :class:`~trichluc.errors.KnowledgeError`.
    """
    return recording.record_of(
        analyse(text, id=id, source=source, knowledge=knowledge, rules_only=rules_only, max_characters=max_characters)
    )


def analyse(
    text: str,
    *,
    id: str = "report",
    source: str | None = None,
    knowledge: str | Path | None = None,
    rules_only: bool = False,
    max_characters: int = MAX_CHARACTERS,
) -> Doc:
    """Like :func:`extract`, but gives the whole document: ``doc._.record`` and the spans it came from.

    Raises what :func:`extract` raises.
    """
    name = source or id
    if not text or text.isspace():
        raise EmptyReport(name)
    if len(text) > max_characters:
        raise ReportTooLong(name, len(text), max_characters)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise UnreadableReport(
            name,
            f"character {problem.start} is half of a surrogate pair",
            "decode the bytes again with errors='replace'",
        ) from None
    nlp = loaded(knowledge=knowledge, rules_only=rules_only)
    nlp.max_length = max(nlp.max_length, max_characters)
    doc = nlp.make_doc(text)
    doc.user_data["id"] = id
    doc.user_data["source"] = source
    for _, component in nlp.pipeline:
        doc = component(doc)
    return doc


def extract_many(
    texts: Iterable[str | tuple[str, str]],
    *,
    workers: int = 1,
    knowledge: str | Path | None = None,
    rules_only: bool = False,
) -> Iterator[Record]:
    """Records of many reports, in the order given; a report is a text or an ``(id, text)`` pair.

    >>> [r.document.id for r in extract_many([("a", "Tin một."), ("b", "Tin hai.")])]
    ['a', 'b']

    Raises what :func:`extract` raises, at the report that is at fault.
    """
    pairs = (t if isinstance(t, tuple) else (f"report-{n}", t) for n, t in enumerate(texts, 1))
    if workers == 1:
        for name, text in pairs:
            yield extract(text, id=name, knowledge=knowledge, rules_only=rules_only)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_extract_pair, ((name, text, knowledge, rules_only) for name, text in pairs), chunksize=8)


def _extract_pair(job: tuple[str, str, str | Path | None, bool]) -> Record:
    return extract(job[1], id=job[0], knowledge=job[2], rules_only=job[3])
