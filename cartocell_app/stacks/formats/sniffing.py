"""What a file really is, by its first bytes, whatever its name says."""

from pathlib import Path

SNIFFED_BYTES = 4096

TIFF, CZI, LIF, ND2, HDF5 = "TIFF", "CZI", "LIF", "ND2", "HDF5"

_LFS_POINTER, _ANNEX_POINTER = b"version https://git-lfs.github.com/spec/", b"/annex/objects/"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"ZISRAWFILE", CZI),
    (b"\xda\xce\xbe\x0a", ND2),
    (b"\0\0\0\x0cjP  \r\n\x87\n", ND2),
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"BM", "a BMP picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an Office or Olympus document"),
)


def looks_like(path: Path) -> str:
    """Say what the file at `path` holds.

    Returns
    -------
    str
        `TIFF`, `CZI`, `LIF`, `ND2` or `HDF5`; or in words what else it seems to be.
    """
    with path.open("rb") as file:
        start = file.read(SNIFFED_BYTES)
    if start.startswith(_LFS_POINTER) or _ANNEX_POINTER in start[:200]:
        return "a pointer to a file that was never downloaded"
    # A Leica file is a chain of blocks, each with 0x70 in front and 0x2A before its text.
    if start[:4] == b"\x70\0\0\0" and start[8:9] == b"\x2a":
        return LIF
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[512 : 512 + 8] == b"\x89HDF\r\n\x1a\n":
        return HDF5
    if not start.strip(b"\0"):
        return "a file of zeros"
    return "text" if _is_text(start) else "something else"


def _is_text(start: bytes) -> bool:
    return all(byte in b"\t\n\r\f" or byte >= 32 for byte in start)
