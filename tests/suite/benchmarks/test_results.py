"""The benchmarks' table: what is written, and that the page holds what the script writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import compare, defects, results
from benchmarks.results import BEGIN, COLUMNS, END, Row
from orchestrator_contract.mock import registry

DOCS = Path(__file__).parents[3] / "docs"
ROWS = [
    Row("a|b", "10 requests/s", "other: 5 requests/s", 2.0, 1.5),
    Row("slow", "1 request/s", "other <fast> & loud: 4 requests/s", 0.25, 0.5),
    Row("absent", "not measured", "it is not installed", goal=5.0),
    Row("shown only", "3", "4", 0.75),
]


def rows_of(text: str) -> list[list[str]]:
    """The cells of the table between the markers."""
    inside = text.partition(BEGIN)[2].partition(END)[0].replace("\\|", "/")
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in inside.splitlines()
        if line.startswith("|")
    ]


def test_table_replaces_what_stood_between_the_markers() -> None:
    """The page around the table stays; the table has the columns, a row each, and says which goals were met."""
    text = results.page(f"top\n{BEGIN}\nold\n{END}\nend\n", ROWS, "Measured then.")

    head, _, *body = rows_of(text)
    assert text.startswith("top\n")
    assert text.endswith("\nend\n")
    assert "old" not in text
    assert "Measured then." in text
    assert tuple(head) == COLUMNS
    assert [row[0] for row in body] == ["a/b", "slow", "absent", "shown only"]
    assert [row[3:] for row in body] == [
        ["2.00", "≥ 1.5", "yes"],
        ["0.25", "≥ 0.5", "**no**"],
        ["", "≥ 5", ""],
        ["0.75", "", ""],
    ]


def test_page_without_markers_is_refused() -> None:
    """A page that has no place for the table is left alone."""
    with pytest.raises(ValueError, match="benchmarks: begin"):
        results.page("text", ROWS, "")


def test_writing_twice_is_writing_once(tmp_path: Path) -> None:
    """The table comes out the same when it is written again."""
    file = tmp_path / "benchmarks.md"
    file.write_text(f"{BEGIN}{END}\n", "utf-8")
    results.write(file, ROWS, "Then.")
    first = file.read_text("utf-8")
    results.write(file, ROWS, "Then.")

    assert file.read_text("utf-8") == first
    assert "a\\|b" in first


def test_wall_time_is_held_against_what_is_allowed() -> None:
    """Half the allowed seconds is a ratio of two; the median counts, and no measurement is no ratio."""
    assert results.within("run", [1.0, 5.0, 90.0], 10).ratio == 2.0
    assert results.within("run", [20.0], 10).met is False
    assert results.within("run", [], 10).met is None


def test_page_has_the_scripts_columns() -> None:
    """The table in the documents has the columns that the script writes, and rows."""
    head, _, *body = rows_of((DOCS / "benchmarks.md").read_text("utf-8"))

    assert tuple(head) == COLUMNS
    assert body
    assert all(len(row) == len(COLUMNS) for row in body)


def test_page_names_every_part() -> None:
    """The page says which parts can be measured alone."""
    text = (DOCS / "benchmarks.md").read_text("utf-8")

    assert all(f"`{part}`" in text for part in compare.PARTS)


def test_compared_defects_exist() -> None:
    """The dozen defects are the mock's."""
    registry.load()

    assert len(set(defects.DEFECTS)) == 12
    assert set(defects.DEFECTS) <= registry.DEFECTS.keys()


def test_accusation_is_read_from_the_report() -> None:
    """A failed check counts with method, collection and status; a passed one does not."""
    request = {"method": "DELETE", "uri": "http://h/v2/ControlPlane/Configurations/x?y"}
    event: dict[str, dict[str, object]] = {
        "ScenarioFinished": {
            "recorder": {
                "interactions": {
                    "b": {"timestamp": 2.0, "request": request, "response": {"status_code": 200}},
                    "a": {"timestamp": 1.0, "request": request, "response": None},
                },
                "checks": {
                    "b": [
                        {"name": "one", "status": "failure"},
                        {"name": "two", "status": "success"},
                    ]
                },
            }
        }
    }

    found = list(defects.accusations(event))

    assert found == [(1.0, []), (2.0, [("one", "DELETE", "/v2/ControlPlane/Configurations", 200)])]


def test_unknown_part_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A part that does not exist is named, and nothing runs."""
    with pytest.raises(SystemExit) as ended:
        compare.main(["--only", "times,speed"])

    assert ended.value.code == 2
    assert "no part 'speed'" in capsys.readouterr().err
