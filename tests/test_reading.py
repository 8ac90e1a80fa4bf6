"""Stage 1: which bytes become which text, which files are reports, and how their records are called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trichluc.errors import MissingInput, NoReports, UnreadableReport
from trichluc.reading import find_reports, read_bytes, read_report, report_ids

TEXT = "Tỉnh đoàn tặng 3 giấy khen.\r\nHuyện đoàn: “tốt”.\n\ttrống\u00a0\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_what_the_bytes_decode_to(encoding: str) -> None:
    assert read_bytes(TEXT.encode(encoding), "a.txt") == TEXT


def test_utf16_of_either_byte_order() -> None:
    assert read_bytes(b"\xff\xfe" + TEXT.encode("utf-16-le"), "a.txt") == TEXT
    assert read_bytes(b"\xfe\xff" + TEXT.encode("utf-16-be"), "a.txt") == TEXT


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=60))
def test_no_character_changes(text: str) -> None:
    prefixed = "Đ" + text  # so that no drawn text begins like a PDF
    assert read_bytes(prefixed.encode(), "a.txt") == prefixed


def test_only_the_first_byte_order_mark_goes() -> None:
    assert read_bytes("\ufeff\ufeffa".encode(), "a.txt") == "\ufeffa"


def test_empty_bytes_are_an_empty_text() -> None:
    assert read_bytes(b"", "a.txt") == ""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"%PDF-1.7\n", "a.txt: this is a PDF, not text; save its text as a UTF-8 .txt file and give that"),
        (b"PK\x03\x04\x14\x00", "a.txt: this is a DOCX or another zip archive, not text; save its text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "a.txt: this is an old Word file (.doc), not text"),
        (b"\x89PNG\r\n\x1a\n\x00", "a.txt: this is a PNG picture, not text"),
        (bytes(range(256)) * 4, "a.txt: this is a binary file, not text; save its text"),
        (b"plain\0ascii", "a.txt: this is a binary file, not text (it holds NUL characters)"),
        ("Tỉnh đoàn".encode("utf-32"), "a.txt: the text is UTF-32, which is not read; convert it to UTF-8 first"),
        ("Đoàn".encode("cp1258"), "a.txt: the text is not valid UTF-8 (byte 0 of 4); convert it to UTF-8 first"),
        (b"\xff\xfea", "a.txt: the text is not valid UTF-16 (byte 2 of 3); convert it to UTF-8 first"),
        ("Đoàn".encode()[:1], "a.txt: the text is not valid UTF-8 (byte 0 of 1)"),
    ],
)
def test_what_is_no_text_is_said(data: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableReport) as caught:
        read_bytes(data, "a.txt")
    assert str(caught.value).startswith(sentence)


def test_report_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "Báo cáo 2016.txt"
    file.write_bytes(TEXT.encode())
    report = read_report(file)
    assert (report.id, report.source, report.text) == ("Báo cáo 2016", str(file), TEXT)


def test_a_named_file_is_read_whatever_its_ending(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("Tỉnh đoàn", encoding="utf-8")
    assert read_report(file).text == "Tỉnh đoàn"


def test_missing_file_and_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"nix\.txt: there is no such file or folder; check the path"):
        read_report(tmp_path / "nix.txt")
    with pytest.raises(MissingInput, match="it cannot be read"):
        read_report(tmp_path)


def test_folder_is_searched_to_the_bottom_in_order(tmp_path: Path) -> None:
    for name in ["b.txt", "a/z.TXT", "a/b/c.txt", "a/photo.jpg", ".git/x.txt", ".hidden.txt", "a.gold.yaml"]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_reports([tmp_path])]
    assert found == ["b.txt", "a/z.TXT", "a/b/c.txt"]


def test_order_of_the_paths_is_kept_and_no_file_comes_twice(tmp_path: Path) -> None:
    for name in ["b.txt", "a.txt"]:
        (tmp_path / name).touch()
    assert [path.name for path in find_reports([tmp_path / "b.txt", tmp_path])] == ["b.txt", "a.txt"]


def test_paths_that_name_no_report(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(NoReports, match=r"the folder holds no report \(\.txt\); give a folder of reports, or a file"):
        list(find_reports([tmp_path]))
    with pytest.raises(MissingInput, match="there is no such file or folder"):
        list(find_reports([tmp_path / "nix"]))


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["a.txt", "x/a.txt", "y/a.txt"], ["a", "a-2", "a-3"]),
        (["a.txt", "x/a.txt", "a-2.txt"], ["a", "a-3", "a-2"]),
        (["a-2.txt", "x/a-2.txt"], ["a-2", "a-2-2"]),
        (["Đoàn.txt", "x/đoàn.txt"], ["Đoàn", "đoàn-2"]),
        (["Đoa\u0300n.txt", "x/Đoàn.txt"], ["Đoa\u0300n", "Đoàn-2"]),
        (["a:b?.txt", "a\nb.txt", "-o.txt"], ["a_b_", "a_b", "_o"]),
        (["..", "  .txt"], ["_", "report"]),
    ],
)
def test_ids_are_safe_and_told_apart(paths: list[str], ids: list[str]) -> None:
    assert report_ids(map(Path, paths)) == ids


@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=300), max_size=12))
def test_no_id_comes_twice_and_each_is_a_file_name(stems: list[str]) -> None:
    ids = report_ids(Path(stem + ".txt") for stem in stems)
    assert len(ids) == len({id.casefold() for id in ids}) == len(stems)
    for id in ids:
        assert 0 < len(id.encode()) <= 210
        assert not set(id) & set('<>:"/\\|?*\n\0')


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no file names of arbitrary bytes")
def test_a_name_that_is_not_utf8_can_be_written_into_a_record(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xe1o.txt"))
    file.write_text("Tỉnh đoàn", encoding="utf-8")
    report = read_report(file)
    assert report.id == "b_o"
    assert report.source is not None
    assert report.source.encode().endswith("b\ufffdo.txt".encode())
