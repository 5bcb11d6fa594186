"""CSV and TSV feeds as programs and people write them: every row is read as written, or reported as bad."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.errors import BadSource
from ingest.sources.delimited import Record, find_dialect, read_records
from ingest.sources.rows import BadRow, Row, read_rows
from ingest.sources.text_file import MAX_LINE, encoding_of, read_lines

HEADER = ["image", "title", "price"]
SCRATCH = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows_of(path: Path, content: str | bytes) -> tuple[list[list[str]], list[BadRow]]:
    """Values of the rows that can be read, and the other rows."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = list(read_rows(path))
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    return [list(row.values.values()) for row in found if isinstance(row, Row)], [r for r in found if isinstance(r, BadRow)]


def records_of(path: Path) -> list[Record]:
    """Records without the header."""
    return list(read_records(read_lines(path), find_dialect(path)))[1:]


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ('27" monitor', '27" monitor'),
        ("12'' pipe", "12'' pipe"),
        ('7"', '7"'),
        ('"Best" mug', '"Best" mug'),
        ('"', '"'),
        ('"opened', '"opened'),
        ('a "b" c', 'a "b" c'),
        ('""x', '""x'),
    ],
)
@pytest.mark.parametrize("delimiter", "\t,;|")
@pytest.mark.parametrize("times", [1, 2, 3])
def test_quotes_in_unquoted_fields_are_data(tmp_path: Path, title: str, read: str, delimiter: str, times: int) -> None:
    written = [["a.jpg", title if n in (1, 4, 6)[:times] else f"thing {n}", str(n)] for n in range(8)]
    text = "\n".join(delimiter.join(row) for row in [HEADER, *written])
    rows, bad = rows_of(tmp_path / ("feed.tsv" if delimiter == "\t" else "feed.csv"), text)
    assert not bad
    assert rows == [[image, read if name == title else name, price] for image, name, price in written]


def test_a_file_may_quote_some_fields_and_hold_inch_marks_in_others(tmp_path: Path) -> None:
    text = 'image,title,price\na.jpg,27" monitor,10\nb.jpg,cable,20\nc.jpg,"a ""quoted"" lamp, red",3\nd.jpg,"Best" mug,4\n'
    rows, bad = rows_of(tmp_path / "feed.csv", text)
    assert [row[1] for row in rows] == ['27" monitor', "cable", 'a "quoted" lamp, red', '"Best" mug'] and not bad


@pytest.mark.parametrize(
    "text",
    [
        "'image','title','price'\n'a.jpg','red, 27\" wide','10'\n'b.jpg','men''s mug','3'\n",
        "“image”,“title”,“price”\n“a.jpg”,“red, 27\" wide”,“10”\n“b.jpg”,“men's mug”,“3”\n",
        "„image“;„title“;„price“\n„a.jpg“;„red, 27\" wide“;„10“\n„b.jpg“;„men's mug“;„3“\n",
        '"image","title","price"\n"a.jpg","red, 27\\" wide","10"\n"b.jpg","men\'s mug","3"\n',
        '"image","title","price"\n"a.jpg","red, 27" wide","10"\n"b.jpg","men\'s mug","3"\n',
        'image,title,price\n"a.jpg","red, 27" wide",10\nb.jpg,men\'s mug,3\n',
    ],
    ids=["apostrophes", "typographic", "low and high", "backslash", "inch mark in quotes", "only texts in quotes"],
)
def test_quotes_of_other_programs(tmp_path: Path, text: str) -> None:
    rows, bad = rows_of(tmp_path / "feed.csv", text)
    assert rows == [["a.jpg", 'red, 27" wide', "10"], ["b.jpg", "men's mug", "3"]] and not bad


def test_inch_marks_inside_quoted_fields_of_several_lines(tmp_path: Path) -> None:
    text = 'image,title,price\na.jpg,"<p>27" wide</p>\n<p>a 5" nail too</p>",10\nb.jpg,mug,20\nc.jpg,"sh"ort",3\n'
    rows, bad = rows_of(tmp_path / "feed.csv", text)
    assert [row[1] for row in rows] == ['<p>27" wide</p>\n<p>a 5" nail too</p>', "mug", 'sh"ort'] and not bad


def test_a_backslash_at_the_end_of_a_quoted_field_is_data(tmp_path: Path) -> None:
    rows, bad = rows_of(tmp_path / "feed.csv", 'image,folder,price\n"a.jpg","C:\\pictures\\","10"\n"b.jpg","D:\\","3"\n')
    assert rows == [["a.jpg", "C:\\pictures\\", "10"], ["b.jpg", "D:\\", "3"]] and not bad


def test_spreadsheets_leave_empty_fields_at_the_end_of_rows(tmp_path: Path) -> None:
    rows, bad = rows_of(tmp_path / "feed.csv", "image;title;;\na.jpg;mug;;;;\nb.jpg;cup\nc.jpg;vase;;note\n")
    assert rows == [["a.jpg", "mug"], ["b.jpg", "cup"], ["c.jpg", "vase"]] and not bad


def test_quoted_fields_hold_many_lines(tmp_path: Path) -> None:
    body = "<ul>\n" + "\r\n".join(f"<li>red, green, blue {n}</li>" for n in range(3000)) + '\n</ul> 7" wide'
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, ["a.jpg", body, "1"], ["b.jpg", "short", "2"]])
    rows, bad = rows_of(tmp_path / "feed.csv", out.getvalue())
    assert rows == [["a.jpg", body, "1"], ["b.jpg", "short", "2"]] and not bad


def test_an_open_quote_in_a_file_that_quotes_costs_its_own_row(tmp_path: Path) -> None:
    good = "".join(f'{n}.jpg,"red, or\nblue, {n}",{n}\n' for n in range(4))
    rows, bad = rows_of(tmp_path / "feed.csv", f'image,title,price\n{good}x.jpg,"open,5\ny.jpg,plain,6\n{good}')
    assert [row[0] for row in rows] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "y.jpg", "0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [(one.number, one.reason) for one in bad] == [(5, "bad-quoting")] and "line 10" in bad[0].message


def test_quotes_that_could_enclose_rows_are_named_and_not_guessed(tmp_path: Path) -> None:
    good = "".join(f'{n}.jpg,"red, or\nblue, {n}",{n}\n' for n in range(4))
    ditto = 'a.jpg,mug,1\nb.jpg,",2\nc.jpg,cup,3\nd.jpg,",4\n'
    rows, bad = rows_of(tmp_path / "feed.csv", f"image,title,price\n{good}{ditto}")
    assert [row[0] for row in rows] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "a.jpg", "c.jpg"]
    assert [one.number for one in bad] == [6, 8] and "rows by themselves (up to line 13)" in bad[0].message


def test_rows_of_another_width_are_named_by_line(tmp_path: Path) -> None:
    text = 'image,title,price\r\n\r\na.jpg,"two\r\nlines"\r\n   \r\nb.jpg,mug,1,more\r\nc.jpg,cup,2\r\n'
    rows, bad = rows_of(tmp_path / "feed.csv", text)
    assert [row[0] for row in rows] == ["c.jpg"]
    assert [one.reason for one in bad] == ["missing-column", "missing-column"]
    assert "lines 3 to 4: 2 fields where the header has 3" in bad[0].message and "line 6: 4 fields" in bad[1].message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["", "sep=;", '"sep=;"'])
def test_line_ends_empty_lines_and_declared_separators(tmp_path: Path, end: str, first: str) -> None:
    lines = [first, "", "image;title, with, commas;price", "a.jpg;27\" x, y;1", "", 'b.jpg;"x; y";2', "", "\x1a"]  # fmt: skip
    rows, bad = rows_of(tmp_path / "feed.csv", end.join(lines))
    assert rows == [["a.jpg", '27" x, y', "1"], ["b.jpg", "x; y", "2"]] and not bad


TITLES = {
    "utf-8": "Größe 7\" кошка 猫",
    "utf-8-sig": "Größe",
    "utf-16": "Größe кошка 猫",
    "utf-16-le": "Größe кошка",
    "utf-16-be": "Größe кошка",
    "utf-32": "Größe",
    "cp1252": "Größe über “Maß” – 5 €, Café crème",
    "cp1251": "Лампа настольная, красный стул",
    "koi8_r": "Лампа настольная, красный стул",
    "cp866": "Лампа настольная, красный стул",
    "cp1250": "Žlutý kůň na dřevěné židli, bílá postel",
    "cp1254": "Ahşap sandalye, çocuk yatağı, sarı",
    "cp1257": "Geltona medinė kėdė, vaikiška lova, šviesi",
    "cp1255": "כיסא עץ צהוב",
    "cp1256": "كرسي خشبي أصفر",
    "cp850": "Größe über Maß, Café crème, Stühle",
    "cp852": "Krzesło żółte, białe łóżko, drewniany stół",
    "mac_roman": "Größe über “Maß” – Café crème",
    "cp932": "赤い椅子と机",
    "gb18030": "红色的椅子",
}  # fmt: skip


@pytest.mark.parametrize("encoding", TITLES)
@pytest.mark.parametrize("suffix", ["tsv", "jsonl"])
def test_encodings(tmp_path: Path, encoding: str, suffix: str) -> None:
    title = TITLES[encoding]
    quoted = title.replace('"', '\\"')
    text = f"image\ttitle\na.jpg\t{title}\n" if suffix == "tsv" else f'{{"image": "a.jpg", "title": "{quoted}"}}\n'
    rows, bad = rows_of(tmp_path / f"feed.{suffix}", text.encode(encoding))
    assert rows == [["a.jpg", title]] and not bad


def test_a_name_in_another_western_language_changes_no_code_page(tmp_path: Path) -> None:
    title = "Che università! Un giocattolo che si chiama “Räuchermännchen”, »Fuß«"
    rows, bad = rows_of(tmp_path / "feed.csv", f"image;title\na.jpg;{title}\n".encode("cp1252"))
    assert rows == [["a.jpg", title]] and not bad


def test_damaged_characters_cost_their_own_row(tmp_path: Path) -> None:
    rows, bad = rows_of(
        tmp_path / "feed.csv", "image,title\na.jpg,Größe\nb.jpg,Gr\udcf6\nc.jpg,Maß\n".encode(errors="surrogateescape")
    )
    assert [row[0] for row in rows] == ["a.jpg", "c.jpg"] and [(one.number, one.reason) for one in bad] == [
        (2, "bad-characters")
    ]
    rows, bad = rows_of(tmp_path / "feed.csv", "image,title\na.jpg,mug\n".encode("utf-16") + b"x")
    assert [row[0] for row in rows] == ["a.jpg"] and len(bad) == 1


def test_a_line_without_end_is_named_and_not_held_in_memory(tmp_path: Path) -> None:
    text = f'image,title\na.jpg,{"x" * (3 * MAX_LINE)}\nb.jpg,mug\nc.jpg,"{"y" * 100}\n'
    rows, bad = rows_of(tmp_path / "feed.csv", text)
    assert [row[0] for row in rows] == ["b.jpg", "c.jpg"] and [(one.number, one.reason) for one in bad] == [(1, "bad-row")]


def test_an_unreadable_header_is_an_error(tmp_path: Path) -> None:
    for name, content in {"empty.csv": "", "blank.csv": "\n \r\n", "sep.csv": "sep=;\n"}.items():
        with pytest.raises(BadSource, match="header"):
            rows_of(tmp_path / name, content)


def test_a_file_of_mostly_western_letters_is_windows_1252(tmp_path: Path) -> None:
    words = ["Straße", "Ærøskøbing", "œuvre déjà", "niño año", "Zürich", "Schloß", "5 €", "naïve façade", "Händelstück"]
    for word in words:
        (tmp_path / "feed.csv").write_bytes(f"image,title\na.jpg,{word}\n".encode("cp1252"))
        assert encoding_of(tmp_path / "feed.csv") == "cp1252", word


TEXT = st.text(alphabet="ab\"',;\t|\n\r 7é\0", max_size=12)
PLAIN = st.text(alphabet="ab\"'7é,", max_size=8)


def covered(bad: list[Record], line: int) -> bool:
    return any(one.first <= line <= one.last for one in bad)


@SCRATCH
@given(
    rows=st.lists(st.tuples(TEXT, TEXT), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
)
@example(rows=[("", "\n;;"), ("\n", "")], delimiter=";", quoting=csv.QUOTE_MINIMAL, end="\n")
@example(rows=[(";\n", "7;"), ("\n", "")], delimiter=";", quoting=csv.QUOTE_ALL, end="\n")
def test_what_a_csv_writer_writes_is_read_as_pythons_reader_reads_it(
    tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, quoting: int, end: str
) -> None:
    path = tmp_path / "feed.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
        # Python 3.11 writes a lone CR without quotes.
        writer.writerows([HEADER, *([f"{n}.jpg", *(one.replace("\r", "\n") for one in row)] for n, row in enumerate(rows))])
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, delimiter=delimiter)
        ends, expected = zip(*((reader.line_num, row) for row in reader), strict=True)
    found = records_of(path)
    good, bad = [one.fields for one in found if not one.reason], [one for one in found if one.reason]
    for end_before, (image, *_) in zip(ends, expected[1:], strict=False):
        assert any(fields[0] == image for fields in good) or covered(bad, end_before + 1), image
    if not any("\n" in one and delimiter in one for row in expected for one in row):
        assert good == list(expected[1:]) and not bad


@SCRATCH
@given(rows=st.lists(st.tuples(PLAIN, PLAIN), max_size=10), delimiter=st.sampled_from("\t|;"))
def test_of_a_file_that_quotes_nothing_no_row_is_lost(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    path = tmp_path / ("feed.tsv" if delimiter == "\t" else "feed.csv")
    written = [[f"{n}.jpg", *row] for n, row in enumerate(rows)]
    path.write_text("\n".join(delimiter.join(row) for row in [HEADER, *written]), encoding="utf-8")
    found = records_of(path)
    assert [one.fields[0] for one in found if not one.reason] == [row[0] for row in written]
    for one, row in zip(found, written, strict=True):
        assert [field.replace('"', "") for field in one.fields] == [field.replace('"', "") for field in row]
