"""Stage 1, reading: bytes to text.

A report's text is what its bytes decode to and nothing else: line ends, odd spaces and decomposed
letters stay, because every offset of the record counts code points of this very text. Only a byte
order mark goes, since it is a mark of the encoding and no character of the report.
"""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trichluc.errors import MissingInput, NoReports, UnreadableReport


@dataclass(frozen=True)
class Report:
    """One report as it came in: the id of its record, where it came from, its text.

    ``source`` is the path as given, and ``None`` for text handed over in memory or on standard input.
    """

    id: str
    source: str | None
    text: str


# Files that people take for text and give anyway; what they are is told by how they begin.
_KNOWN_BEGINNINGS = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a DOCX or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Word file (.doc)",
    b"{\\rtf": "an RTF file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "a gzip archive",
    b"\xfd7zXZ": "an xz archive",
}
# UTF-32's mark begins with UTF-16's, so it is asked first.
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS_TEXT = "save its text as a UTF-8 .txt file and give that"
_CONVERT = "convert it to UTF-8 first (for example: iconv -f WINDOWS-1258 -t UTF-8 OLD > NEW)"


def read_bytes(data: bytes, source: str) -> str:
    """Decode a report: UTF-8 with or without a byte order mark, or UTF-16 with one.

    ``source`` names the input in the error. No bytes are guessed at: the text of another encoding would
    come out as wrong letters, and with it every fact.

    Raises :class:`~trichluc.errors.UnreadableReport` for what is no text and for other encodings.

    >>> from trichluc.reading import read_bytes
    >>> read_bytes("Tỉnh đoàn Bắc Kạn".encode("utf-16"), "a.txt")
    'Tỉnh đoàn Bắc Kạn'
    >>> read_bytes(b"PK\\x03\\x04...", "b.docx")
    Traceback (most recent call last):
    trichluc.errors.UnreadableReport: b.docx: this is a DOCX or another zip archive, not text; save its text ...
    """
    for beginning, what in _KNOWN_BEGINNINGS.items():
        if data.startswith(beginning):
            raise UnreadableReport(source, f"this is {what}, not text", _SAVE_AS_TEXT)
    if data.startswith(_UTF_32):
        raise UnreadableReport(
            source, "the text is UTF-32, which is not read", _CONVERT.replace("WINDOWS-1258", "UTF-32")
        )
    encoding = "UTF-16" if data.startswith(_UTF_16) else "UTF-8"
    try:
        text = data.decode(encoding).removeprefix("\ufeff" if data.startswith(codecs.BOM_UTF8) else "")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise UnreadableReport(source, "this is a binary file, not text", _SAVE_AS_TEXT) from None
        problem = f"the text is not valid {encoding} (byte {error.start:,} of {len(data):,})"
        raise UnreadableReport(source, problem, _CONVERT) from None
    # Valid UTF-8 all the same: most of ASCII's control characters never stand in a text.
    if "\0" in text:
        raise UnreadableReport(source, "this is a binary file, not text (it holds NUL characters)", _SAVE_AS_TEXT)
    return text


def _read_text(path: Path) -> str:
    return read_bytes(path.read_bytes(), _shown(path))


# The door for other formats: a file ending (lower case) and what reads such a file into text.
READERS: dict[str, Callable[[Path], str]] = {".txt": _read_text}


def read_report(path: str | Path) -> Report:
    """Read the report of one file; its id is the file's stem, made safe (see :func:`report_ids`).

    A file whose ending has no reader of its own is read as text: who names a file means that file.

    Raises :class:`~trichluc.errors.MissingInput` where the file is missing or cannot be opened, and
    :class:`~trichluc.errors.UnreadableReport` where it is no text.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from trichluc.reading import read_report
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "bao-cao.txt")
    ...     _ = file.write_text("Huyện đoàn tặng 3 giấy khen.", encoding="utf-8")
    ...     report = read_report(file)
    >>> report.id, report.text
    ('bao-cao', 'Huyện đoàn tặng 3 giấy khen.')
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower(), _read_text)
    try:
        text = reader(path)
    except FileNotFoundError:
        raise MissingInput(_shown(path)) from None
    except OSError as error:
        raise MissingInput(_shown(path), f"it cannot be read ({error.strerror or error})") from None
    return Report(_safe(path.stem), _shown(path), text)


def find_reports(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Every report that the paths name: a file itself, a folder's files with a known ending.

    Folders are searched to the bottom in the order of their names; what is hidden (``.git``) and linked
    folders are passed over. A file that is named twice comes once.

    Raises :class:`~trichluc.errors.MissingInput` for a path that does not exist and
    :class:`~trichluc.errors.NoReports` for a folder without a report, when it comes to that path.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from trichluc.reading import find_reports
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.txt", "a.txt", "run.json"):
    ...         Path(folder, name).touch()
    ...     [path.name for path in find_reports([folder])]
    ['a.txt', 'b.txt']
    """
    seen: set[Path] = set()
    for path in map(Path, paths):
        if path.is_dir():
            found = list(_walk(path))
            if not found:
                raise NoReports(_shown(path), ", ".join(sorted(READERS)))
        elif path.exists():
            found = [path]
        else:
            raise MissingInput(_shown(path))
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in READERS:
                yield Path(root, name)


def report_ids(paths: Iterable[Path]) -> list[str]:
    """An id for each file of one run: its stem, fit to be a file's name anywhere, and no id twice.

    What some system forbids in a file's name becomes ``_``, and more than 200 bytes are cut off. Where
    files share a stem the first keeps it, and the others get ``-2``, ``-3``, … in the order in which they
    come, past every stem that some file of the run has by itself. Upper and lower case count as the same,
    as they do on half of the world's disks.

    >>> from pathlib import Path
    >>> from trichluc.reading import report_ids
    >>> report_ids([Path("2016/doan.txt"), Path("2017/doan.txt"), Path("2018/doan-2.txt"), Path("a:b.txt")])
    ['doan', 'doan-3', 'doan-2', 'a_b']
    """
    names = [_safe(path.stem) for path in paths]
    stems = {_same(name) for name in names}
    taken: set[str] = set()
    ids = []
    for name in names:
        id, number = name, 1
        while _same(id) in taken or (number > 1 and _same(id) in stems):
            number += 1
            id = f"{name}-{number}"
        taken.add(_same(id))
        ids.append(id)
    return ids


def _safe(stem: str) -> str:
    name = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]', "_", stem).strip(" ")
    name = re.sub(r"^[.-]+|\.+$", "_", name)
    return name.encode()[:200].decode(errors="ignore").rstrip(" ") or "report"


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _shown(path: Path) -> str:
    # A name of bytes that are not UTF-8 cannot be written into a record as it is.
    return os.fsencode(path).decode("utf-8", "replace")
