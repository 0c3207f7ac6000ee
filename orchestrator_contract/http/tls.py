"""TLS of the target: whom to trust, whom to be, and what a failure means for the profile."""

from __future__ import annotations

import ssl

#: Alerts with which a server refuses a client certificate, or the lack of one.
_OF_THE_CLIENT = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
#: What OpenSSL calls an answer that is no TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


def make_context(verify: bool | str, client_cert: tuple[str, str] | None) -> ssl.SSLContext:
    """A context that trusts by *verify*, a truth or a CA bundle, and shows *client_cert*.

    Raises:
        OSError: a file can't be used.
        ValueError: likewise.
    """
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_cert is not None:
        # Without a function of ours OpenSSL would ask for the passphrase of a key on the terminal.
        context.load_cert_chain(*client_cert, password=lambda: b"")
    return context


def explain(error: ssl.SSLError) -> str:
    """Why TLS was not agreed, with the key of the profile that decides it."""
    said = (error.strerror or str(error)).partition(" (_ssl")[0]
    reason = error.reason or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted: {error.verify_message}; "
            "[target] verify_tls takes a CA bundle to trust, or false to trust any"
        )
    if "ALERT" in reason and any(word in reason for word in _OF_THE_CLIENT):
        return (
            f"it refuses the client certificate, or asks for one: {said}; see [target] client_cert"
        )
    if reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        return f"{said}; an endpoint that asks for a client certificate needs [target] client_cert"
    if reason in _NO_TLS:
        return f"no TLS is spoken there ({said}); does [target] base_url begin with http://?"
    return said
