"""Where the files are that come with the program: models, the sample cyst, stacks of the sample project."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
ROOT = _PACKAGE / "_resources" if (_PACKAGE / "_resources").is_dir() else _PACKAGE.parent / "resources"
"""Inside the package once installed, beside it in a checkout."""

MODELS = ROOT / "models"
SAMPLE_STACK = ROOT / "samples" / "sample_cyst.tif"
SAMPLE_LABELS = ROOT / "samples" / "sample_cyst_labels" / "sample_cyst.tif"
SAMPLE_PROJECT = ROOT / "samples" / "project"
CPU_MODEL = MODELS / "m2-fast.onnx"
