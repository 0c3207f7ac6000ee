"""conformance.html: the result for people, in one file that loads nothing.

Only its own script runs in it.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from markupsafe import Markup

from orchestrator_contract import __version__
from orchestrator_contract.contract.catalogue import Level
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model, sources, timeline_svg
from orchestrator_contract.results.requirement import Verdict
from orchestrator_contract.results.verdict import Result

#: Findings of one requirement that are shown; further ones are folded.
_SHOWN = 1


def _visible(value: object) -> str:
    return visible(str(value), report_model.MAX_TEXT)


def _asset(name: str) -> Markup:
    path = files("orchestrator_contract.report") / "templates" / name
    return Markup(path.read_text(encoding="utf-8"))  # noqa: S704  # the project's own file


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def as_html(result: Result) -> str:
    """Return the text of conformance.html."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    filters = {"visible": _visible, "span": timeline_svg.span, "sources": sources.split}
    return (
        report_model.templates(autoescape=True, **filters)
        .get_template("page.html")
        .render(
            result=result,
            style=style,
            script=script,
            policy=policy,
            version=__version__,
            headline=report_model.headline(result),
            duration=report_model.duration(result),
            counts=result.counts(),
            cards=report_model.cards(result),
            shown=_SHOWN,
            unverified=report_model.by_reason(result.of(Verdict.UNVERIFIED)),
            remedies=report_model.remedies,
            rows=[(row, report_model.section(row.requirement.id)) for row in result.rows],
            sections=report_model.by_section(result.rows),
            statuses=report_model.statuses(result),
            sightings=report_model.sightings(result),
            drawings=[timeline_svg.draw(line) for line in result.timelines],
            legend=sources.SOURCES,
            verdicts=report_model.ORDER,
            levels=tuple(Level),
            credentials=result.profile.shell_variables,
        )
    )
