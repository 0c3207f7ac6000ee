"""Keys and SIDs that no other run and no configuration has."""

from __future__ import annotations

from random import Random
from uuid import NAMESPACE_OID, UUID, uuid5

from orchestrator_contract.contract import schemas

_SID_TAIL = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Bits of the version and variant digits of a UUID.
_VERSION, _VARIANT_BITS, _VARIANT_DIGIT = 0xF << 76, 0x3 << 62, 0xF << 60


class Identifiers:
    """Generates keys and SIDs from the run's random numbers."""

    def __init__(self, random: Random, run_id: str) -> None:
        self._random = random
        # Another run with the same seed, within the life of its keys, must not meet this run's keys.
        self._salt = uuid5(NAMESPACE_OID, run_id).int

    def key(self, version: int = 4, variant: int | None = None) -> str:
        """A new idempotency key: a UUID of *version*, and of RFC 9562's variant unless *variant* gives its digit."""
        fixed = _VERSION | (_VARIANT_BITS if variant is None else _VARIANT_DIGIT)
        chosen = version << 76 | (0x2 << 62 if variant is None else variant << 60)
        number = self._random.getrandbits(128) ^ self._salt
        return str(UUID(int=number & ~fixed | chosen))

    def sid(self) -> str:
        """A well-formed SID that no configuration has, in all likelihood."""
        tail = "".join(self._random.choice(_SID_TAIL) for _ in range(25))
        return f"conv_configuration_{self._random.randrange(8)}{tail}"


def is_well_formed_key(key: str) -> bool:
    """Whether *key* matches the documented pattern (S1)."""
    return schemas.matches("idempotency-key.json", key)
