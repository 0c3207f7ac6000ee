"""Another implementation, with another regular-expression engine, decides every example alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

SCHEMAS = Path(__file__).parents[3] / "schemas"
DOCUMENTS: dict[str, Any] = {
    path.relative_to(SCHEMAS).as_posix(): json.loads(path.read_text("utf-8"))
    for path in sorted(SCHEMAS.rglob("*.json"))
}
REGISTRY = jsonschema_rs.Registry([(document["$id"], document) for document in DOCUMENTS.values()])


@pytest.mark.parametrize("path", [pytest.param(path, id=path) for path in DOCUMENTS])
def test_engines_agree(path: str) -> None:
    """Examples pass and counterexamples fail, as they do in Python's jsonschema."""
    engine = jsonschema_rs.Draft202012Validator(
        DOCUMENTS[path], registry=REGISTRY, validate_formats=True
    )

    refused = [example for example in DOCUMENTS[path]["examples"] if not engine.is_valid(example)]
    let_in = [
        entry["why"] for entry in DOCUMENTS[path]["x-invalid"] if engine.is_valid(entry["instance"])
    ]

    assert refused == []
    assert let_in == []
