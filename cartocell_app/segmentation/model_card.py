"""What a model says about itself: its needs, its training and its scores, inside its own ONNX file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from cartocell_app.errors import UserError
from cartocell_app.segmentation.normalisation import Normalisation
from cartocell_app.stacks.files import whole_file

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

METADATA_KEY = "cartocell"
"""Key of the ONNX file's metadata that holds the card, as JSON."""

SCHEMA_VERSION: Final = 1
"""Of the cards that this program writes and the newest it reads."""

_NOT_A_MODEL = "Choose a model made with `cartocell train` or `cartocell export`, or one that comes with CartoCell."
_COPY_AGAIN = "Copy or download it again; part of it may be missing."


class ModelCard(BaseModel):
    """All that CartoCell knows about a model; nothing about a model is read from anywhere else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = SCHEMA_VERSION
    """Of the card's own layout."""

    name: Annotated[str, Field(min_length=1)]
    version: str
    licence: str

    channels: tuple[Literal["B", "F", "C", "M"], ...] = ("B", "C", "M")
    """What the outputs are, in their order: B cell interior, C contour, M mask of the whole tissue.

    F, in place of B, is the whole cell with its contour: what BiaPy teaches since 3.7.
    """

    voxel_size_um: tuple[PositiveFloat, PositiveFloat, PositiveFloat] | None
    """Voxel size (z, y, x) that the network works at, as a rule that of its training; stacks are resampled to it.

    None if nobody knows (an imported model): stacks are taken as they are.
    """

    cell_width_um: PositiveFloat | None = None
    """How wide the cells are that it knows best, as the ball of the same volume; None if nobody knows.

    Only where it is known does the network look again at cells that come out much narrower or wider.
    """

    second_view_um: tuple[PositiveFloat, PositiveFloat, PositiveFloat] | None = None
    """Voxel size (z, y, x) at which it looks a second time, at the stack turned over along all axes; None if one view
    is enough. The mean of both counts. Finer than `voxel_size_um`, it outlines cells more closely.
    """

    normalisation: Normalisation

    halo_vox: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt] | None
    """Input voxels (z, y, x) on each side that an output voxel can depend on; None if it depends on the whole patch."""

    size_divisor: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 1, 1)
    """The network takes sizes (z, y, x) that are multiples of these."""

    patch_vox: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """Patch (z, y, x) that it was trained on; needed where `halo_vox` is None, because it must be run on the same."""

    patch_margin_vox: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt] = (0, 0, 0)
    """Outermost voxels (z, y, x) of a patch whose outputs are not used, where the network runs on patches."""

    profile: str = "default"
    """Profile (of `cartocell segment`) that goes with it: ``default``, or the published one it was made for."""

    thresholds: dict[str, float] = {}
    """Settings recommended for this model, by name."""

    mflop_per_voxel: PositiveFloat | None = None
    """Work of one forward pass per input voxel, in million floating-point operations."""

    training: str
    """How and on what it was trained, in words."""

    training_command: str = ""
    """The command that trained it."""

    scores: dict[str, float] = {}
    """How well it did on data that it was not trained on, by name."""

    limits: str = ""
    """What it is not good for, in words."""

    created: str
    """Date (and time) of the export, ISO 8601."""

    software: dict[str, str] = {}
    """Versions of the programs that made it, by name."""

    @field_validator("channels")
    @classmethod
    def _check_channels(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if sorted(channels) not in (["B", "C", "M"], ["C", "F", "M"]):
            raise ValueError("needs each of B (or F), C and M once")
        return channels

    @model_validator(mode="after")
    def _check_patch(self) -> "ModelCard":
        if self.halo_vox is None and self.patch_vox is None:
            raise ValueError("a model without halo_vox needs patch_vox")
        divisors = self.size_divisor
        if self.patch_vox is not None and any(size % by for size, by in zip(self.patch_vox, divisors, strict=True)):
            raise ValueError("patch_vox must be a multiple of size_divisor")
        margins = self.patch_margin_vox
        if self.patch_vox is not None and any(
            2 * margin >= size for margin, size in zip(margins, self.patch_vox, strict=True)
        ):
            raise ValueError("patch_margin_vox leaves nothing of patch_vox")
        return self


def read_card(path: Path) -> ModelCard:
    """Card of the model at `path`, without starting the model.

    Raises
    ------
    UserError
        If the file is missing, no ONNX file, incomplete, without a card, or keeps its weights in other files.
    """
    return card_from_metadata({entry.key: entry.value for entry in load_onnx(path).metadata_props}, path)


def write_card(path: Path, card: ModelCard) -> None:
    """Put `card` into the ONNX file at `path`, in place of an older one; the file is changed as a whole or not at all.

    Raises
    ------
    UserError
        If the file is not a whole ONNX file of its own, or cannot be written.
    """
    model = load_onnx(path)
    others = [entry for entry in model.metadata_props if entry.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
    model.metadata_props.add(key=METADATA_KEY, value=card.model_dump_json())
    with whole_file(path) as partial:
        partial.write_bytes(model.SerializeToString())


def card_from_metadata(metadata: Mapping[str, str], path: Path) -> ModelCard:
    """Card from an ONNX file's metadata.

    Parameters
    ----------
    metadata : mapping of str to str
        As ONNX Runtime and the file itself give it.
    path : Path
        Of the file, for the messages.

    Raises
    ------
    UserError
        If there is no card, or one that this version of CartoCell cannot read.
    """
    if METADATA_KEY not in metadata:
        raise UserError(f"{path} is an ONNX file but does not say how it was trained.", _NOT_A_MODEL)
    try:
        return ModelCard.model_validate_json(metadata[METADATA_KEY])
    except ValidationError as error:
        errors = error.errors()
        # First of all, wherever it stands: fields of another version are none of this one's.
        if any(each["loc"] == ("schema_version",) and isinstance(each["input"], int) for each in errors):
            advice = "Install the newest CartoCell, or export the model again."
            raise UserError(f"{path} was made for another version of CartoCell.", advice) from error
        first = errors[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        problem = f"Its description has an error in {where}: {first['msg']}."
        raise UserError(f"{path} does not say properly how it was trained.", f"{problem} {_NOT_A_MODEL}") from error


def load_onnx(path: Path) -> "ModelProto":
    """Parse the ONNX file at `path`, which must be whole and in one piece.

    Raises
    ------
    UserError
        If it is missing, no ONNX file, incomplete, or keeps its weights in other files.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"The model {path} was not found.", "Check the name and the folder.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"The model {path} cannot be read.", "Choose an .onnx file that you may read.") from error
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        if content.startswith(b"\x08"):  # the tag of ir_version, with which ONNX files begin
            raise UserError(f"The model {path} is damaged or not complete.", _COPY_AGAIN) from error
        raise UserError(f"{path} is not an ONNX model.", _NOT_A_MODEL) from error
    if not (model.ir_version and model.graph.node):
        raise UserError(f"{path} is not an ONNX model.", _NOT_A_MODEL)
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(model.graph)):
        advice = "Export it again as one file (in torch: `external_data=False`)."
        raise UserError(f"The model {path} keeps its weights in other files.", advice)
    return model


def _tensors(graph: "GraphProto") -> Iterator["TensorProto"]:
    """All stored tensors of a graph: its weights and the constants inside its nodes."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
