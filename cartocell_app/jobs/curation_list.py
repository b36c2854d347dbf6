"""``curation.csv``: which cysts of a labelled set are to be trusted. Written by the program, decided by a person."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.curation import CurationReport
from cartocell_app.jobs.tables import read_table, write_table

CURATION = "curation.csv"

ACCEPT, REJECT = "yes", "no"

ACCEPT_WORDS = {
    "yes",
    "y",
    "true",
    "1",
    "x",
    "accept",
    "accepted",
    "wahr",
    "vrai",
    "verdadero",
    "si",
    "sí",
    "oui",
    "ja",
}
REJECT_WORDS = {"no", "n", "false", "0", "reject", "rejected", "falsch", "faux", "falso", "non", "nein"}
"""What people and Excel write for yes and no."""


def curation_columns(found: CurationReport) -> dict[str, Any]:
    """Columns of the list that say what was found."""
    return {
        "doubt": found.doubt,
        "reasons": "; ".join(found.reasons),
        "cells": found.cells,
        "lumen": found.lumen,
        "cells_without_lumen": len(found.no_lumen),
        "cells_without_outside": len(found.no_outside),
        "cells_in_pieces": len(found.in_pieces),
        "cells_small": len(found.small),
        "cells_large": len(found.large),
        "cells_apart": len(found.apart),
        "cells_cut_by_frame": len(found.cut),
    }


def failed_curation_row(name: str, error: str) -> dict[str, Any]:
    """Row of a cyst that has no labels."""
    return {"name": name, "accept": REJECT, "doubt": 1.0, "reasons": f"not labelled: {error}"}


def write_curation(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write the list of a set, the most doubtful cyst first."""
    path = folder / CURATION
    write_table(path, sorted(rows, key=lambda row: (-float(row["doubt"]), row["name"])))
    return path


def read_verdicts(folder: Path) -> dict[str, bool]:
    """Whether each cyst on the list of a set is accepted; empty if there is no list.

    Raises
    ------
    UserError
        If the list cannot be understood.
    """
    path = folder / CURATION
    if not path.exists():
        return {}
    verdicts = {}
    for number, row in enumerate(read_table(path), start=2):
        if not any(row.values()):
            continue
        if "name" not in row or "accept" not in row:
            raise UserError(f"{path} has no columns called name and accept.", "Restore them, or delete the file.")
        word = row["accept"].lower()
        if word not in ACCEPT_WORDS | REJECT_WORDS:
            raise UserError(
                f"{path}, row {number} ({row['name']}): accept is {row['accept']!r}.", f"Write {ACCEPT} or {REJECT}."
            )
        verdicts[row["name"]] = word in ACCEPT_WORDS
    return verdicts
