"""Several conformant differences at once, as whole services have them."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import compose
from orchestrator_contract.mock.registry import VARIANTS, variant
from orchestrator_contract.mock.variants import choices, deployments, pace, shapes, transport

#: Imported for what they register.
TOPICS = (choices, deployments, pace, shapes, transport)
WHOLE = {
    "all-reading-b": (
        "Every contradiction in its second reading",
        ("running-first", "error-s4", "prefix-cfg", "location-only", "related-null"),
    ),
    "as-a-gateway": (
        "An API gateway in front: compression, plain 401, cookies, 503 now and then",
        (
            "gzip",
            "credentials-plain",
            "more-headers",
            "unavailable-sometimes",
            "odd-400",
            "type-charset",
        ),
    ),
    "as-a-lean-service": (
        "As little as the contract allows",
        (
            "url-only",
            "related-missing",
            "error-bare",
            "operation-lean",
            "conflict-unnamed",
            "failed-error-null",
        ),
    ),
    "as-replicas": (
        "Replicas that lag until an operation has ended",
        ("hidden-at-random", "uneven", "jittery", "second-same", "key-concurrent-409"),
    ),
    "as-a-strict-service": (
        "Whatever may be refused is refused, and errors are kept",
        (
            "stores-errors",
            "mismatch-409",
            "odd-400",
            "foreign-403",
            "credentials-403-20403",
            "malformed-422",
        ),
    ),
    "as-a-lenient-service": (
        "Whatever may be ignored is ignored",
        (
            "malformed-ignored",
            "mismatch-new",
            "second-404",
            "key-case-blind",
            "hidden-at-once",
            "time-offset",
        ),
    ),
}

for _name, (_text, _parts) in WHOLE.items():
    variant(_name, _text)(compose(*(VARIANTS[part].behaviour for part in _parts)))
