"""conformance.json fits its schema, whatever the run ended in."""

from __future__ import annotations

import json
import re
from pathlib import Path

from orchestrator_contract.contract import schemas
from orchestrator_contract.report import as_json, write_all
from orchestrator_contract.results.verdict import Result


def test_schema(any_result: Result) -> None:
    """Each situation gives a document that the published schema accepts."""
    document = json.loads(as_json(any_result))

    wrong = [
        f"{e.json_path}: {e.message[:200]}"
        for e in schemas.validator("conformance-report.json").iter_errors(document)
    ]

    assert wrong == []


def test_ascii_only(any_result: Result) -> None:
    """Text from the endpoint stands as escapes, without half surrogate pairs."""
    text = as_json(any_result)

    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert re.findall("[\ud800-\udfff]", json.dumps(json.loads(text), ensure_ascii=False)) == []


def test_rerun_in_place_of_a_request(breached: Result) -> None:
    """Where no single request shows a breach, the evidence names the run that does."""
    document = json.loads(as_json(breached))

    shown = {one["id"]: one["evidence"] for one in document["requirements"]}

    assert shown["DELETED-LIST"][0]["request"] == (
        "pytest --target 'vendor profile.toml' --requirement DELETED-LIST --effort quick --seed 7"
    )


def test_every_file_is_written(any_result: Result, tmp_path: Path) -> None:
    """All three reports are written into a folder that is made, as UTF-8."""
    folder = tmp_path / "deep" / "report"

    write_all(any_result, folder)

    assert sorted(path.name for path in folder.iterdir()) == [
        "conformance.html",
        "conformance.json",
        "conformance.md",
    ]
    for path in folder.iterdir():
        assert path.read_text(encoding="utf-8").endswith("\n")
