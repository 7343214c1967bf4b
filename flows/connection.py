"""When Prefect's server does not answer: words instead of a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from flows.settings import shown
from signals.errors import SpecError, TransientError

ADVICE: Final = "start it, unset PREFECT_API_URL, or run with --direct"


def require_api(url: str | None, *, timeout: float = 5.0) -> None:
    """Raise :class:`TransientError` at once where the user's own server does not answer."""
    if url is None:
        return
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(f"{url.rstrip('/')}/health", timeout=timeout):
            return
    except HTTPError as error:
        detail = f"{shown(url)} answers {error.code} ({error.reason}) when asked for its health"
    except (OSError, HTTPException, ValueError) as error:
        detail = f"{shown(url)} does not answer ({getattr(error, 'reason', error)})"
    raise TransientError("Prefect's server", f"{detail}; {ADVICE}")


class ServerLost(TransientError):
    """Prefect's server answered when the run began, and does no longer."""


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn the failures of Prefect's client inside the block into errors of this package."""
    import httpx

    try:
        yield
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if code in (401, 403):
            raise SpecError(
                f"Prefect's server refuses us ({code})",
                key="PREFECT_API_AUTH_STRING",
                allowed="what the server has as PREFECT_SERVER_API_AUTH_STRING",
            ) from error
        raise TransientError("Prefect's server", f"answered {code}; {ADVICE}") from error
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        detail = f"was lost on the way ({why}); prices that came are kept; {ADVICE}"
        raise ServerLost("Prefect's server", detail) from error
    except RuntimeError as error:
        # Prefect has no exception of its own for these two.
        if not str(error).startswith(("Failed to reach API", "Timed out while attempting")):
            raise
        raise TransientError("Prefect's server", f"{error}; {ADVICE}") from error


def leave(code: int) -> NoReturn:
    """End the process now. Prefect would first try for a while to hand the rest of its log to a
    server that is gone; our own files are whole at every moment (docs/reliability.md)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
