"""BiaPy's configuration files with the keys and values of the published ones (specification §10.2)."""

import textwrap
from pathlib import Path

NETWORK = """
    ARCHITECTURE: resunet
    FEATURE_MAPS: [52, 68, 84]
    DROPOUT_VALUES: [0.1, 0.1, 0.1]
    Z_DOWN: [1,1]
"""

AUGMENTOR = """
AUGMENTOR:
    ENABLE: True
    VFLIP: True
    HFLIP: True
    ZFLIP: True
    ELASTIC: True
    BRIGHTNESS: True
    BRIGHTNESS_FACTOR: (0.1, 0.15)
"""

OF_2023 = (
    """
SYSTEM:
    NUM_CPUS: -1
PROBLEM:
    TYPE: INSTANCE_SEG
    NDIM: 3D
    INSTANCE_SEG:
        DATA_CHANNELS: BCM
        DATA_MW_TH_BINARY_MASK: 0.2
        DATA_MW_TH_CONTOUR: 0.2
        DATA_MW_TH_FOREGROUND: 0.25
        DATA_REMOVE_SMALL_OBJ_BEFORE: 5
        DATA_REMOVE_BEFORE_MW: True
DATA:
    REFLECT_TO_COMPLETE_SHAPE: True
    PATCH_SIZE: (80, 80, 80, 1)
    TRAIN:
        PATH: TRAIN_X
        GT_PATH: TRAIN_Y
        IN_MEMORY: True
    VAL:
        FROM_TRAIN: False
        IN_MEMORY: True
        PATH: VAL_X
        GT_PATH: VAL_Y
    TEST:
        PATH: TEST_X
        GT_PATH: TEST_Y
        IN_MEMORY: True
        PADDING: (16,16,16)
        LOAD_GT: {loads_truth}
"""
    + AUGMENTOR
    + """
    RANDOM_ROT: False
MODEL:"""
    + NETWORK
    + """
    LOAD_CHECKPOINT: {tests}
TRAIN:
    ENABLE: {trains}
    OPTIMIZER: ADAM
    LR: 1.E-4
    BATCH_SIZE: 2
    EPOCHS: 1300
    PATIENCE: 100
TEST:
    ENABLE: {tests}
    EVALUATE: False
    STATS:
        PER_PATCH: True
        MERGE_PATCHES: True
        FULL_IMG: False
    MATCHING_STATS: True
    VERBOSE: True
    POST_PROCESSING:
        VORONOI_ON_MASK: True"""
)

LATEST = (
    """
SYSTEM:
    NUM_CPUS: -1
    NUM_WORKERS: 5
PROBLEM:
    TYPE: INSTANCE_SEG   # what is asked for
    NDIM: 3D
    INSTANCE_SEG:
        DATA_CHANNELS: BCM
        DATA_MW_TH_TYPE: "auto"
        DATA_REMOVE_BEFORE_MW: True
        DATA_REMOVE_SMALL_OBJ_BEFORE: 5
DATA:
    PATCH_SIZE: (80, 80, 80, 1)
    REFLECT_TO_COMPLETE_SHAPE: True
    TRAIN:
        PATH: TRAIN_X
        GT_PATH: TRAIN_Y
        IN_MEMORY: True
    VAL:
        FROM_TRAIN: False
        PATH: VAL_X
        GT_PATH: VAL_Y
    TEST:
        PATH: TEST_X
        GT_PATH: TEST_Y
        IN_MEMORY: True
        LOAD_GT: True
        PADDING: (16,16,16)
"""
    + AUGMENTOR
    + """
    RANDOM_ROT: True
MODEL:"""
    + NETWORK
    + """
    LOAD_CHECKPOINT: {tests}
TRAIN:
    ENABLE: {trains}
    OPTIMIZER: ADAMW
    LR: 1.E-3
    BATCH_SIZE: 2
    EPOCHS: 30
    PATIENCE: 30
    LR_SCHEDULER:
        NAME: 'onecycle'
LOSS:
    CLASS_REBALANCE: True
TEST:
    ENABLE: {tests}
    AUGMENTATION: False
    FULL_IMG: False
    POST_PROCESSING:
        VORONOI_ON_MASK: True
        CLEAR_BORDER: False
"""
)

PUBLISHED = {
    "cartocell_training.yaml": OF_2023.format(trains=True, tests=False, loads_truth=False),
    "cartocell_inference.yaml": OF_2023.format(trains=False, tests=True, loads_truth=True)
    + "\nPATHS:\n    CHECKPOINT_FILE: /home/user/model_weights_cartocell.h5\n",
    "cartocell_training_latest.yaml": LATEST.format(trains=True, tests=False),
    "cartocell_inference_latest.yaml": LATEST.format(trains=False, tests=True)
    + "PATHS:\n    CHECKPOINT_FILE: /home/user/cartocell_model_latest.pth\n",
}
"""The four files by name; folders are called TRAIN_X, TRAIN_Y, VAL_X, VAL_Y, TEST_X and TEST_Y."""


def published(folder: Path, name: str, **changes: object) -> Path:
    """Write one of the four files into `folder`, with some texts replaced by others."""
    text = PUBLISHED[name]
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return write(folder / name, text)


def small(folder: Path, text: str, tail: str = "TEST:\n    ENABLE: True\n") -> Path:
    """Write a file of a few keys into `folder`; it asks for a test unless `tail` says otherwise."""
    return write(folder / "job.yaml", textwrap.dedent(text).strip("\n") + "\n" + tail)


def write(path: Path, text: str) -> Path:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def files(folder: Path) -> set[str]:
    """All files below `folder`."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
