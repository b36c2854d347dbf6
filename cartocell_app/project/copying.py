"""Copying what can be large, stopped when asked."""

from collections.abc import Callable
from typing import IO

from cartocell_app.progress import Cancelled, stop_if
from cartocell_app.project.hashing import CHUNK_BYTES


def pour(source: IO[bytes], into: IO[bytes], cancelled: Cancelled, told: Callable[[int], None] | None = None) -> None:
    """Copy what is left of a stream.

    Parameters
    ----------
    source, into : binary files
        From where and to where.
    cancelled : callable
        Asked between chunks.
    told : callable, optional
        Told how many bytes were copied, after each chunk.

    Raises
    ------
    CancelledError
        If asked to stop.
    """
    while chunk := source.read(CHUNK_BYTES):
        stop_if(cancelled)
        into.write(chunk)
        if told is not None:
            told(len(chunk))
