"""`--har FILE`: the suite's own traffic; each xdist worker writes a file of its own."""

from __future__ import annotations

from pathlib import Path

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.har.writer import HarError, HarWriter


class Recording:
    """What one process records; without a file it records nothing."""

    def __init__(self, file: Path | None, worker: str) -> None:
        self._file = (
            file.with_name(f"{file.stem}-{worker}{file.suffix}") if file and worker else file
        )
        self._worker = worker
        self._writer: HarWriter | None = None

    def begin(self, endpoint: Endpoint) -> list[str]:
        """Record what *endpoint* sends from now on; notes for the report.

        Raises:
            HarError: the file can't be written, and it is not a worker's: the controller's own could be, and the run goes on without that part.
        """
        if self._file is None:
            return []
        try:
            self._writer = HarWriter(self._file, endpoint.coordinator.advanced)
        except HarError as error:
            if not self._worker:
                raise
            return [str(error)]
        endpoint.client.observers.append(self._writer)
        return []

    def end(self) -> list[str]:
        """Close the file; a note where the recording ended before the run."""
        writer, self._writer = self._writer, None
        if writer is None:
            return []
        writer.close()
        return [writer.failure] if writer.failure else []
