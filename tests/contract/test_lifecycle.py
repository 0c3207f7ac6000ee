"""The full lifecycle: deletes are accepted, replayed, completed."""

from __future__ import annotations

import pytest

from orchestrator_contract.steps.lifecycle import Lifecycle

#: Requirements that every exchange of a lifecycle samples.
SAMPLED = (
    "HTTP-COMPLETE",
    "HTTP-JSON",
    "HTTP-CONTENT-TYPE",
    "DEL-STATUS",
    "DEL-ACCEPTED",
    "DEL-202-BODY",
    "DEL-202-HEADERS",
    "DEL-202-OPERATION-NAMED",
    "DEL-202-LOCATION",
    "DEL-202-LINKS-AGREE",
    "DEL-202-STATUS-URL-ORIGIN",
    "DEL-202-RELATED",
    "DEL-202-OWN-OPERATION",
    "OP-FETCH",
    "OP-BODY",
    "OP-COMPLETED-AT",
    "OP-ERROR",
    "OP-ID",
    "OP-STATUS-URL-ORIGIN",
    "OP-RELATED",
    "OP-TIMESTAMPS",
    "OP-STATUS-ORDER",
    "OP-TERMINATES",
    "OP-COMPLETES",
    "DELETED-FETCH",
    "DELETED-LIST",
    "DELETED-DELETE",
    "EFFECT-NO-OTHER",
    "ERR-404-BODY",
    "ERR-BOUNDS",
    "ERR-STATUS-MATCHES",
    "ERR-CODE-MATCHES",
    "ERR-MORE-INFO",
    "KEY-FORMAT-ACCEPTED",
    "KEY-REPLAY",
    "KEY-REPLAY-ENDED",
    "KEY-REPLAY-BODY",
    "KEY-ONE-OPERATION",
    "CTRL-CONFIGURATION",
    "CTRL-PAGE",
)


@pytest.mark.beside
@pytest.mark.requirement(*SAMPLED)
def test_full_lifecycle(lifecycle: Lifecycle) -> None:
    """A batch of deletes runs from creates to a list that holds none of it."""
    lifecycle.create()
    lifecycle.shown()

    lifecycle.accept()
    lifecycle.replay(first=0)

    lifecycle.complete()
    lifecycle.deleted()
    lifecycle.replay(first=1)
    lifecycle.poll_again()
    lifecycle.not_listed()
