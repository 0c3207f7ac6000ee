"""HTTP: complete responses, in a content coding that was offered.

Source: S1 responses; R1 6, 7.5, 8.4, 12.5.3.
"""

from __future__ import annotations

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import NO_ANSWER, TransportFault, offers
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.malformed_input import MALFORMED_KEY_STATUSES


def judge_transport(findings: Findings, exchange: Exchange) -> bool:
    """Check that the response is complete and decodes; return the result."""
    if exchange.response is None:
        return _no_response(findings, exchange)
    ok = _complete(findings, exchange)
    return ok & decodes(findings, exchange) if exchange.headers.get("content-encoding") else ok


def undecodable(exchange: Exchange) -> bool:
    """True if the body does not decode and can't be read."""
    defect = exchange.response.defect if exchange.response else None
    return defect is not None and defect[0] is TransportFault.ENCODING


def _no_response(findings: Findings, exchange: Exchange) -> bool:
    seen = exchange.fault_text or str(exchange.fault)
    if exchange.fault in NO_ANSWER:
        findings.observe("OBS-TRANSPORT", f"no response to a {exchange.method}")
        malformed = exchange.call.malformed_sid or exchange.call.allow >= MALFORMED_KEY_STATUSES
        # Of malformed input the rule that refuses it decides.
        return False if malformed else no_answer(findings, exchange)
    coding = exchange.fault is TransportFault.ENCODING
    return findings.check(
        "HTTP-CONTENT-ENCODING" if coding else "HTTP-COMPLETE",
        False,
        expected="a body that decodes" if coding else "a complete, well-formed response",
        seen=seen,
        exchanges=[exchange],
    )


def no_answer(findings: Findings, exchange: Exchange) -> bool:
    """One request in a run may get no answer; two breach HTTP-COMPLETE."""
    return findings.passing(
        "HTTP-COMPLETE",
        expected="a response",
        seen=exchange.fault_text or str(exchange.fault),
        exchanges=[exchange],
    )


def _complete(findings: Findings, exchange: Exchange) -> bool:
    assert exchange.response is not None  # for the type checker; judge_transport() looked
    stray, defect = exchange.response.stray, exchange.response.defect
    if stray:
        findings.check(
            "HTTP-COMPLETE",
            False,
            expected="nothing on a connection between a response and the next request",
            seen=f"{stray} byte(s) that no request asked for",
            exchanges=[exchange],
        )
    return findings.check(
        "HTTP-COMPLETE",
        defect is None or undecodable(exchange),
        expected="a response that ends where its headers say",
        seen=defect[1] if defect else "",
        exchanges=[exchange],
    )


def decodes(findings: Findings, exchange: Exchange) -> bool:
    """The body decodes, from a coding that the request offered or from none."""
    coding = exchange.headers.get("content-encoding", "")
    damaged = undecodable(exchange)
    offered = next((v for n, v in exchange.request_headers if n.lower() == "accept-encoding"), "")
    defect = exchange.response.defect if exchange.response else None
    return findings.check(
        "HTTP-CONTENT-ENCODING",
        not damaged and offers(offered, coding),
        expected=f"a coding that was offered ({offered or 'none'}), undamaged",
        seen=defect[1] if damaged and defect else f"Content-Encoding: {coding[:60]}",
        exchanges=[exchange],
    )
