"""Exit codes of ``cartocell``: what ends with one, and what asks how another process ended, takes them from here."""

DONE = 0

SOME_FAILED = 1
"""Some stacks could not be done; Python's own code for a crash too, which leaves a traceback."""

BAD_INPUT = 2
"""The user has something to mend: one sentence on standard error says what."""

STOPPED = 130
"""Somebody stopped it; shells give the same code to what ends by Ctrl-C."""
