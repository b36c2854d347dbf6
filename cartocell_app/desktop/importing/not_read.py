"""Files that CartoCell does not read: why, and what to do with them."""

from collections.abc import Collection
from pathlib import Path

from cartocell_app.stacks.reading import STACK_ENDINGS

MICROSCOPE_ENDINGS = (
    ".lsm", ".oib", ".oif", ".oir", ".ims", ".vsi", ".nrrd", ".mrc", ".dv", ".ics", ".mhd", ".nii", ".nii.gz", ".vti",
    ".zvi", ".stk", ".lof", ".xlef", ".sld",
)  # fmt: skip
"""Of formats that hold stacks."""

WHY_NOT: dict[tuple[str, ...], str] = {
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".heic"): "is a flat picture; CartoCell needs a stack with "
    "several slices.",
    MICROSCOPE_ENDINGS: "is a microscope format that CartoCell does not read. Open it in Fiji and save it as TIFF.",
    (".npy", ".npz", ".mat", ".klb", ".n5", ".tar", ".gz", ".7z", ".rar"):
    "is a format that CartoCell does not read. Save the stack as TIFF, or unpack the archive, and drop that.",
    (".csv", ".xlsx", ".xls", ".txt", ".pdf", ".doc", ".docx", ".md", ".json", ".xml"):
    "is a document, not a stack.",
    (".obj", ".ply", ".stl", ".glb"): "is a surface. CartoCell makes surfaces out of cells, but does not read them.",
}  # fmt: skip


def why_not(path: Path) -> str:
    """Why a file is of no use, after its name in a sentence."""
    return next(
        (words for endings, words in WHY_NOT.items() if path.name.lower().endswith(endings)),
        f"is no stack or model that CartoCell knows. It reads {', '.join(STACK_ENDINGS)}.",
    )


def is_microscope_file(path: Path) -> bool:
    """Whether a file is called like a stack, but of a format that is not read; hidden files do not count."""
    return path.name.lower().endswith(MICROSCOPE_ENDINGS) and not path.name.startswith(".")


def left_aside(files: Collection[Path]) -> str:
    """Say in a sentence which microscope files were left aside and what to do with them; "" if there are none."""
    if not files:
        return ""
    names = [file.name.lower() for file in files]
    endings = ", ".join(ending for ending in MICROSCOPE_ENDINGS if any(name.endswith(ending) for name in names))
    which, were, them = ("files", "were", "them") if len(files) > 1 else ("file", "was", "it")
    return (
        f"{len(files):,} microscope {which} of a kind that CartoCell does not read ({endings}) {were} left aside: "
        f"save {them} as TIFF or OME-TIFF in the microscope's program or in Fiji."
    )
