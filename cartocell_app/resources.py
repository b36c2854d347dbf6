"""Where the files are that come with the program: models, the sample cyst, stacks of the sample project."""

from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).parent
ROOT = _PACKAGE / "_resources" if (_PACKAGE / "_resources").is_dir() else _PACKAGE.parent / "resources"
"""Inside the package once installed, beside it in a checkout."""

MODELS = ROOT / "models"
SAMPLE_STACK = ROOT / "samples" / "sample_cyst.tif"
SAMPLE_LABELS = ROOT / "samples" / "sample_cyst_labels" / "sample_cyst.tif"
SAMPLE_PROJECT = ROOT / "samples" / "project"
CPU_MODEL = MODELS / "m2-fast.onnx"
GPU_MODEL = MODELS / "m2.onnx"


def fonts(package: str, folder: str) -> Path:
    """Folder of fonts that a package brings with it: the installed program has them among its own files.

    Parameters
    ----------
    package : str
        Its name. It is not imported, which would take longer than anything else does before the window is there.
    folder : str
        In the package.
    """
    own = ROOT / "fonts"
    if own.is_dir():
        return own
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / folder
