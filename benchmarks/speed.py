"""How fast trichluc is beside what it is built on and what would be used instead: one run, one core.

    python benchmarks/speed.py [--texts DIR] [--articles 40] [--rounds 3]
    python benchmarks/speed.py --cold [--texts DIR] [--rounds 3]

See README.md beside this file for what the columns mean.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
SEED_CHARACTERS = 2640  # the report that the project started from; the unit of "articles a second"
REFERENCE = "underthesea word_tokenize, by sentence"

OPTIONAL = {"pyvi"}  # peers that trichluc does not need, and that may be missing

Work = Callable[[], None]


def main() -> None:
    """Measure, and print a table; exit status 2 where there is nothing to measure on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, default=default_texts(), help="a folder of .txt files (%(default)s)")
    parser.add_argument("--articles", type=int, default=40, help="how many of them, by name (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of how many (%(default)s)")
    parser.add_argument("--cold", action="store_true", help="fresh processes instead: wall seconds and peak memory")
    options = parser.parse_args()
    files = sorted(options.texts.glob("*.txt"))[: options.articles]
    if not files or options.rounds < 1:
        parser.error(f"{options.texts}: no .txt file to measure on, or no round to measure in")
    use_one_core()
    console = Console()
    if options.cold:
        # Nothing heavy is imported here: see run_fresh.
        console.print(cold_table(files[0], options.rounds))
    else:
        texts = [file.read_text(encoding="utf-8-sig") for file in files]
        console.print(speed_table(texts, options.rounds, console))
    console.print(machine(), highlight=False, soft_wrap=True)


def default_texts() -> Path:
    shared = ROOT.parent / "shared" / "gold" / "dev"
    return shared if shared.is_dir() else ROOT / "corpus" / "samples"


def use_one_core() -> None:
    """Pin this process and its children, and keep libraries that are not loaded yet to one thread."""
    for library in ("OMP", "OPENBLAS", "MKL", "RAYON"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


# --- warm: the same process, everything loaded ------------------------------------------------------------------


def speed_table(texts: list[str], rounds: int, console: Console) -> Table:
    """Measure every contestant on the same texts; the best round of each, rounds taken in turn."""
    works: dict[str, Work] = {}
    for name, prepare in CONTESTANTS.items():
        try:
            work = prepare(texts)
        except ModuleNotFoundError as error:
            if error.name not in OPTIONAL:
                raise
            console.print(f"skipped: {name} ({error}; pip install {error.name})", markup=False)
            continue
        work()  # once unmeasured: models are loaded and caches filled at the first call
        works[name] = work
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - started)
    characters = sum(map(len, texts))
    articles = characters / SEED_CHARACTERS
    title = f"{len(texts)} articles, {characters:,} characters, one core, best of {rounds}"
    table = Table("what", title=title, caption=f"ratio: seconds to those of {REFERENCE}")
    for heading in ("seconds", "articles/s", "ratio"):
        table.add_column(heading, justify="right")
    for name, seconds in best.items():
        table.add_row(name, f"{seconds:.4f}", f"{articles / seconds:,.0f}", f"{seconds / best[REFERENCE]:.3f}")
    return table


def floor(texts: list[str]) -> Work:
    token = re.compile(r"\w+|[^\w\s]")

    def work() -> None:
        for text in texts:
            token.findall(unicodedata.normalize("NFC", text))

    return work


def spacy_blank(texts: list[str]) -> Work:
    import spacy

    nlp = spacy.blank("vi", config={"nlp": {"tokenizer": {"use_pyvi": False}}})

    def work() -> None:
        for _ in nlp.pipe(texts):
            pass

    return work


def pyvi(texts: list[str]) -> Work:
    from pyvi import ViTokenizer

    def work() -> None:
        for text in texts:
            ViTokenizer.tokenize(text)

    return work


def word_tokenize_whole(texts: list[str]) -> Work:
    from underthesea import word_tokenize

    def work() -> None:
        for text in texts:
            word_tokenize(text)

    return work


def word_tokenize_sentences(texts: list[str]) -> Work:
    from underthesea import word_tokenize

    sentences = sentences_of(texts)

    def work() -> None:
        for sentence in sentences:
            word_tokenize(sentence)

    return work


def underthesea_ner(texts: list[str]) -> Work:
    from underthesea import ner

    sentences = sentences_of(texts)

    def work() -> None:
        for sentence in sentences:
            ner(sentence)

    return work


def sentences_of(texts: list[str]) -> list[str]:
    """Split outside of the measured time: underthesea is charged for its words, not for sentences."""
    from underthesea import sent_tokenize

    return [sentence for text in texts for line in text.splitlines() for sentence in sent_tokenize(line)]


def trichluc_whole(texts: list[str], rules_only: bool = False) -> Work:
    import trichluc

    nlp = trichluc.load(rules_only=rules_only)

    def work() -> None:
        for doc in nlp.pipe(texts):
            _ = doc._.record

    return work


CONTESTANTS: dict[str, Callable[[list[str]], Work]] = {
    "Unicode NFC + one regex (the floor)": floor,
    "spaCy blank Vietnamese, syllables": spacy_blank,
    "pyvi": pyvi,
    REFERENCE: word_tokenize_sentences,
    "underthesea word_tokenize, whole texts": word_tokenize_whole,
    "underthesea ner, by sentence": underthesea_ner,
    "trichluc, rules only (whole records)": partial(trichluc_whole, rules_only=True),
    "trichluc (whole records)": trichluc_whole,
}


# --- cold: a fresh process for each call ------------------------------------------------------------------------


def cold_table(file: Path, rounds: int) -> Table:
    commands = {"trichluc extract FILE": ["extract", str(file)], "trichluc --help": ["--help"]}
    characters = len(file.read_text(encoding="utf-8-sig"))
    table = Table("command", title=f"fresh processes, one core, FILE of {characters:,} characters, {rounds} rounds")
    for heading in ("first, seconds", "best, seconds", "peak RSS, MiB"):
        table.add_column(heading, justify="right")
    for name, arguments in commands.items():
        runs = [run_fresh([sys.executable, "-m", "trichluc", *arguments]) for _ in range(rounds)]
        seconds = [run[0] for run in runs]
        table.add_row(name, f"{seconds[0]:.2f}", f"{min(seconds):.2f}", f"{max(run[1] for run in runs):,.0f}")
    return table


def run_fresh(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak resident memory (MiB) of one process. Needs ``os.wait4`` (Linux, macOS).

    On Linux a child's peak starts at its parent's, which it shares until it has started its own program: this
    process has to be small, which is why ``--cold`` is a mode of its own.
    """
    with tempfile.TemporaryFile() as messages:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            messages.seek(0)
            said = messages.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return seconds, usage.ru_maxrss * unit / 2**20


def machine() -> str:
    versions = []
    for package in ("spacy", "underthesea", "pyvi", "trichluc"):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; {', '.join(versions)}"


if __name__ == "__main__":
    main()
