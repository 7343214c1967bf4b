"""Estimation on an existing Dask cluster: ``--runner dask`` with ``[runner] address``.

Large chunks go to dask.distributed from inside one step, because a Prefect task for each costs
0.3–0.9 s. A worker that dies is replaced by the scheduler: its chunks are done again elsewhere.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from signals.errors import SpecError, TransientError
from signals.estimate import Estimation
from signals.estimate_chunks import Chunk, Fitted, estimate_in_chunks
from signals.returns import EventReturns
from signals.spec import StudySpec

PATIENCE: Final = 15.0  # seconds for the scheduler to answer
CHUNKS_A_WORKER: Final = 4
SMALLEST_CHUNK: Final = 25


@dataclass(frozen=True, slots=True, eq=False)
class DaskEstimator:
    """Estimates as :func:`signals.estimate.estimate` does, on the cluster at ``address``.

    ``tell`` is called with (chunks done, chunks in all). Raises :class:`TransientError` where the
    cluster does not answer or loses every worker, :class:`SpecError` where it runs another
    version of this package. Checked by ``tests/flows/test_dask_runner.py``.
    """

    address: str
    tell: Callable[[int, int], None]

    def __call__(
        self, returns: EventReturns, model: str, *, min_returns: int, missing: str
    ) -> Estimation:
        with connected(self.address) as client:
            workers = _same_version(client, self.address)
            wanted = -(-len(returns) // (CHUNKS_A_WORKER * workers))

            def run(fit: Callable[[Chunk], Fitted], chunks: Sequence[Chunk]) -> list[Fitted]:
                return self._gathered(client, fit, chunks)

            return estimate_in_chunks(
                returns, model, min_returns=min_returns, missing=missing,
                size=max(wanted, SMALLEST_CHUNK), run=run,
            )  # fmt: skip

    def _gathered(
        self, client: Any, fit: Callable[[Chunk], Fitted], chunks: Sequence[Chunk]
    ) -> list[Fitted]:
        distributed = _distributed()
        with warnings.catch_warnings():
            # Chunks are sent with their task, so that they can be sent again when a worker dies.
            warnings.filterwarnings("ignore", message="Sending large graph")
            futures = [client.submit(fit, chunk, pure=False) for chunk in chunks]
        try:
            for done, _ in enumerate(distributed.as_completed(futures, loop=client.loop), start=1):
                self.tell(done, len(futures))
            return [future.result() for future in futures]
        except (distributed.KilledWorker, OSError) as error:
            raise TransientError("dask", f"{self.address} lost its workers: {error}") from error


def estimator(spec: StudySpec, tell: Callable[[int, int], None]) -> DaskEstimator:
    """The estimator for ``[runner]`` of a study; raises :class:`SpecError` without one."""
    if spec.runner.address is None:
        raise SpecError(
            "is needed for --runner dask", file=spec.file, key="runner.address",
            allowed="the address of a Dask scheduler: tcp://host:8786",
        )  # fmt: skip
    if spec.intraday:
        raise SpecError(
            "intraday studies are estimated on one machine", file=spec.file, key="--runner",
            value="dask", allowed="threads",
        )  # fmt: skip
    return DaskEstimator(spec.runner.address, tell)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the cluster at ``address``."""
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise TransientError("dask", f"{address} does not answer: {error}") from error
    try:
        yield client
    finally:
        client.close()


def _distributed() -> Any:
    import importlib

    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise SpecError(
            "needs the extra `scale` (dask, distributed)", key="--runner", value="dask"
        ) from None


def digest_here() -> str:
    """Digest of the program on the machine that runs this."""
    from signals.reports.fingerprint import program_digest

    return program_digest()


def _same_version(client: Any, address: str) -> int:
    """The number of workers; byte-identical results need the same program on all of them."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
        answers = client.run(digest_here, on_error="return")
    except (OSError, TimeoutError) as error:
        raise TransientError("dask", f"{address} has no worker: {error}") from error
    # A worker that dies just now answers with an exception; the scheduler starts another.
    found = {w: digest for w, digest in answers.items() if isinstance(digest, str)}
    if not found:
        raise TransientError("dask", f"{address}: no worker answers")
    other = [worker for worker, digest in found.items() if digest != digest_here()]
    if other:
        raise SpecError(
            f"{len(other)} of {len(found)} workers run another version of signals",
            key="runner.address", value=address, allowed="workers with the same installation",
        )  # fmt: skip
    return len(found)
