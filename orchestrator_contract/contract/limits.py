"""Limits of the contract: lifetimes in seconds, and sizes."""

HOUR = 3600
#: A key lives for 24 hours (S1): it must replay up to here after its first use, and must not from
#: there on. Between these it is observed and not judged, as clocks and sweeps are not exact.
KEY_LIVES_S, KEY_EXPIRES_S = 23 * HOUR + 55 * 60, 25 * HOUR
#: An operation can be fetched for 7 days after its end (S6).
RETAINED_S = 7 * 24 * HOUR
#: The page that is given unless another size is asked for, and the largest (S2).
DEFAULT_PAGE = 50
LARGEST_PAGE = 1000
