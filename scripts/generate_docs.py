"""Generates tables of pages from the code: ``python -m scripts.generate_docs``.

A page has a table between a mark that names it and `<!-- generated: end -->`, so that it can't say
what the code does not do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any

from orchestrator_contract.contract import catalogue, schemas
from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.report import report_model

PAGES = Path(__file__).parents[1] / "docs"
_MARKED = re.compile(
    r"<!-- generated: (?!end )([a-z-]+) -->\n.*?<!-- generated: end -->", re.DOTALL
)

#: The probability that docs/sampling.md speaks of.
CONFIDENCE = 0.99

#: The meaning of an effort's numbers, in docs/sampling.md.
COUNTED = {
    "batches": "batches taken through the full delete lifecycle",
    "batch_size": "configurations in each batch",
    "concurrent": "concurrent requests",
    "rounds": "rounds of concurrent requests",
    "malformed_sids": "malformed SIDs of the written list",
    "malformed_keys": "malformed keys of the written list",
    "generated_sids": "generated malformed SIDs",
    "generated_keys": "generated malformed keys",
    "wrong_credentials": "wrong credentials",
    "unknown_sids": "well-formed SIDs that no configuration has",
    "generated_requests": "generated requests of each other kind",
    "model_runs": "random histories compared with a model",
    "model_steps": "steps in each history",
    "keys_between": "keys used between a key and its replay",
    "refusals": "provoked responses of each error status",
    "ahead": "configurations created ahead",
    "early_every": "one of how many operations is polled right after its 202",
    "watched": "ended operations that are rechecked later",
    "watch_s": "seconds of waiting for late effects",
    "longest_s": "seconds after which a run only cleans up",
    "configurations": "configurations that the profile must let it delete",
    "requests": "requests that the profile must let it send",
    "delete_requests": "DELETE requests among them, where `[limits]` bounds them",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table; cells may hold pipes."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


# -------------------------------------------------------------------- profile.md


def profile_sections() -> str:
    """The keys of the target profile, section by section, from its schema."""
    schema = schemas.documents()["target-profile.json"]
    required = schema.get("required", [])
    lines = [
        line
        for name, section in schema["properties"].items()
        for line in _section(schema, name, section, needed=name in required)
    ]
    return "\n".join(lines).rstrip()


def capability_table() -> str:
    """The requirements that need each capability, and the section that gives it."""
    needing: dict[str, list[str]] = {}
    for one in catalogue.load().requirements.values():
        for need in one.needs:
            needing.setdefault(need, []).append(f"`{one.id}`")
    where = {
        "provision": "`[provision]`, any mode",
        "create": '`[provision]` with `mode = "create"`',
        "credentials": "`[[accounts]]`",
        "accounts": "a second `[[accounts]]`",
        "regions": "`[[regions]]`",
    }
    rows = [
        [
            need,
            where.get(need, f"`[{need.replace('fault.', 'faults.')}]`"),
            f"all but {_without(need)}" if need == "provision" else ", ".join(ids),
        ]
        for need, ids in needing.items()
    ]
    return "\n".join(table(["capability", "given by", "requirements that need it"], rows))


def _without(need: str) -> str:
    return ", ".join(
        f"`{one.id}`" for one in catalogue.load().requirements.values() if need not in one.needs
    )


def _section(
    schema: Mapping[str, Any], name: str, section: Mapping[str, Any], *, needed: bool
) -> Iterator[str]:
    many = section["type"] == "array"
    inner = _resolved(schema, section["items"]) if many else section
    title = f"[[{name}]]" if many else f"[{name}.429]" if name == "faults" else f"[{name}]"
    yield f"## `{title}`{' (required)' if needed else ''}"
    yield ""
    yield section["description"]
    if name == "faults":
        statuses = list(inner["properties"])
        yield f"One section a status: {', '.join(f'`[faults.{status}]`' for status in statuses)}."
        inner = _resolved(schema, inner["properties"][statuses[0]])
        yield inner["description"]
    yield ""
    rows = []
    for key, member in inner["properties"].items():
        found = _resolved(schema, member)
        default = (
            "required"
            if key in inner.get("required", ())
            else _toml(found["default"])
            if "default" in found
            else ""
        )
        rows.append([f"`{key}`", kind(schema, found), default, found["description"]])
    yield from table(["key", "value", "default", "meaning"], rows)
    yield ""


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    found: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return {**found, **{key: value for key, value in node.items() if key != "$ref"}}


def kind(schema: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """The values that a member takes, in a few words."""
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    if types == ["array"]:
        return f"array of {kind(schema, _resolved(schema, node['items']))}"
    if types == ["object"] and node.get("properties"):
        return f"table of {', '.join(f'`{key}`' for key in node['properties'])}"
    if types == ["object"]:
        return f"table of {node['additionalProperties'].get('x-expected', 'strings')}"
    words = {
        "number": "number",
        "integer": "whole number",
        "string": "text",
        "boolean": "`true` or `false`",
    }
    said = " or ".join(words[one] for one in types)
    if node.get("format") == "uri":
        said = "URL"
    bounds = [
        f"{word} {node[key]}"
        for key, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "up to"))
        if key in node
    ]
    return f"{said}, {' '.join(bounds)}" if bounds else said


def _toml(value: Any) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# -------------------------------------------------------------------- requirements.md


def requirement_tables() -> str:
    """The catalogue, section by section."""
    lines = []
    requirements = catalogue.load().requirements.values()
    for prefix, group in groupby(requirements, lambda one: one.id.partition("-")[0]):
        rows = [
            [f"`{one.id}`", one.level, one.title, one.source, ", ".join(one.needs)] for one in group
        ]
        lines += [
            f"## {report_model.SECTIONS[prefix]}: {prefix}",
            "",
            *table(["id", "level", "requirement", "source", "needs"], rows),
            "",
        ]
    return "\n".join(lines).rstrip()


def observation_table() -> str:
    """The observations of the catalogue."""
    found = catalogue.load().observations.values()
    rows = [[f"`{one.id}`", one.title, one.source] for one in found]
    return "\n".join(table(["id", "observation", "source"], rows))


# -------------------------------------------------------------------- sampling.md


def effort_table() -> str:
    """The table of sample sizes by effort."""
    shown = list(EFFORTS.values())
    rows = [
        [COUNTED[field.name], *(f"{getattr(effort, field.name):g}" for effort in shown)]
        for field in fields(Effort)
        if field.name in COUNTED
    ]
    sampled = {
        "lifecycles": [one.batches * one.batch_size for one in shown],
        "provoked responses": [one.refusals for one in shown],
    }
    rows += [
        [f"**found with 99 %: a fault in 1 of … {name}**", *map(rarest, samples)]
        for name, samples in sampled.items()
    ]
    return "\n".join(table(["", *(effort.name for effort in shown)], rows))


def rarest(samples: int) -> str:
    """N, where *samples* find a fault in 1 of N with 99 % probability.

    "always" stands for 1 of 1.
    """
    found = math.floor(1 / (1 - (1 - CONFIDENCE) ** (1 / samples)))
    return str(found) if found > 1 else "always"


#: The generated parts, by the name in their mark.
PARTS: dict[str, Callable[[], str]] = {
    "profile-sections": profile_sections,
    "capabilities": capability_table,
    "requirements": requirement_tables,
    "observations": observation_table,
    "efforts": effort_table,
}


def renewed(text: str) -> str:
    """*text* with its generated parts as they are now.

    Raises:
        KeyError: a mark names no part.
    """
    return _MARKED.sub(
        lambda mark: f"<!-- generated: {mark[1]} -->\n{PARTS[mark[1]]()}\n<!-- generated: end -->",
        text,
    )


def stale(folder: Path) -> dict[Path, str]:
    """The stale pages in *folder*, each with its new text."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    return {path: new for path, text in pages.items() if (new := renewed(text)) != text}


def main() -> None:
    """Rewrite the stale pages, and print their names."""
    for path, text in stale(PAGES).items():
        print(path)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
