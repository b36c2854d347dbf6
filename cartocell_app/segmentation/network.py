"""A model on a device: probability maps of a whole volume, within the memory that there is."""

import math
from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, never, silent, stop_if
from cartocell_app.segmentation import budget, machine
from cartocell_app.segmentation.budget import OUTPUT_BYTES, Budget, Mode
from cartocell_app.segmentation.devices import Device, DeviceName, choose_device
from cartocell_app.segmentation.model_card import ModelCard, read_card
from cartocell_app.segmentation.patches import predict_in_patches
from cartocell_app.segmentation.runtime import DeviceError, NoMemoryError, Session
from cartocell_app.segmentation.targets import CHANNELS
from cartocell_app.segmentation.tiling import Shape, Tile, constant_tile, plan_tiles

FREE_SHARE = 0.8
"""Share of the free memory that the network may take; the rest is for what comes after and for other programs."""

KEPT_SHARE = 0.25
"""Share of the free memory that the network may keep from one volume to the next, which then is a fifth faster."""


class Network:
    """A model, ready to run.

    Parameters
    ----------
    path : Path
        The ONNX file.
    card : ModelCard
        What it says about itself.
    device : Device
        Where it runs.
    sharers : int
        Processes that share the memory of the computer or card at a time, this one included.

    Attributes
    ----------
    notes : list of str
        What the user should know about the last run, a sentence each.
    """

    def __init__(self, path: Path, card: ModelCard, device: Device, sharers: int = 1) -> None:
        self.card = card
        self.notes: list[str] = []
        self._path = path
        self._device = device
        self._sharers = sharers
        self._budget = Budget.of(path, card)
        self._mode = budget.FAST
        self._session: Session | None = None
        self._grown_to = 0  # voxels of the largest piece since the session started

    @classmethod
    def open(cls, path: Path, device: DeviceName = "auto", threads: int | None = None, sharers: int = 1) -> "Network":
        """Network of the model at `path`.

        Parameters
        ----------
        path : Path
            An ONNX file with a card; see `read_card`.
        device : str
            ``"auto"`` (the fastest that works), ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``.
        threads : int, optional
            On the processor; one a physical core that may be used by default.
        sharers : int
            Processes that share the memory of the computer or card at a time, this one included.

        Raises
        ------
        UserError
            If the file is no model of ours, or the device cannot be used.
        """
        card = read_card(path)
        return cls(path, card, choose_device(path, device, threads), sharers)

    @property
    def device_words(self) -> str:
        """The device, for people: ``"CPU · 2 threads"``."""
        return self._device.name

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the device's back end."""
        return self._device.provider

    def forecast_bytes(self, shape: Shape) -> int:
        """Memory that it takes on a processor for a volume of this shape (z, y, x), its maps included."""
        whole_bytes = self._budget.least_bytes(self._budget.padded_voxels(shape))
        return int(min(whole_bytes, self._budget.given_bytes(shape)) + math.prod(shape) * OUTPUT_BYTES)

    def predict(
        self,
        volume: NDArray[np.float32],
        progress: Progress = silent,
        cancelled: Cancelled = never,
        max_bytes: float | None = None,
    ) -> NDArray[np.float32]:
        """Probability maps of a volume.

        The whole volume runs at once if memory allows, else the fewest, largest tiles, with the same result to 1e-4.

        Parameters
        ----------
        volume : (Z, Y, X) ndarray of float32
            At the model's voxel size and normalised as its card says. Any size; at its end it is lengthened to a
            multiple of the size divisor by repeating the last voxels.
        progress : callable
            Told the voxels done after each tile.
        cancelled : callable
            Asked several times a second, also within a tile.
        max_bytes : float, optional
            Memory that the network may take beside its maps; what is free, within reason, by default.

        Returns
        -------
        (3, Z, Y, X) ndarray of float32
            B cell interior, C contour, M mask of the whole tissue, each 0 … 1. In the place of B is F, the whole
            cell, if the card says that the model has that.

        Raises
        ------
        UserError
            If memory does not suffice for even the smallest tile.
        CancelledError
            If `cancelled` says so.
        """
        self.notes = []
        try:
            if self.card.halo_vox is None:
                return self._predict_patches(volume, progress, cancelled, max_bytes)
            return self._predict_tiles(volume, self.card.halo_vox, progress, cancelled, max_bytes)
        finally:
            self._give_back()

    def _predict_tiles(
        self,
        volume: NDArray[np.float32],
        halo_vox: Shape,
        progress: Progress,
        cancelled: Cancelled,
        max_bytes: float | None,
    ) -> NDArray[np.float32]:
        shape, divisor = _shape(volume), self.card.size_divisor
        smallest = self._budget.smallest_voxels(shape)
        limit_bytes = self._limit_bytes(shape, max_bytes)
        maps = np.empty((len(CHANNELS), *shape), np.float32)
        max_voxels = self._choose_mode(shape, limit_bytes)
        tiles = deque(plan_tiles(shape, halo_vox, divisor, max_voxels))
        progress("Network", 0, volume.size)
        done = 0
        while tiles:
            stop_if(cancelled)
            tile = tiles.popleft()
            try:
                self._settle(tile, volume, maps, halo_vox, cancelled)
            except NoMemoryError as error:
                max_voxels = math.prod(tile.shape) // 2
                if max_voxels < smallest:
                    raise self._too_little(smallest, volume.size, self._free_bytes()) from error
                self._go_on_frugally()
                places = [left.place for left in (tile, *tiles)]
                tiles = deque(
                    part for place in places for part in plan_tiles(shape, halo_vox, divisor, max_voxels, place)
                )
                continue
            done += tile.kept_voxels
            progress("Network", done, volume.size)
        return maps

    def _settle(
        self,
        tile: Tile,
        volume: NDArray[np.float32],
        maps: NDArray[np.float32],
        halo_vox: Shape,
        cancelled: Cancelled,
    ) -> None:
        """Run one tile and put its part into `maps`."""
        piece = tile.cut(volume)
        value = float(piece[0, 0, 0])
        if (piece == value).all():
            output = constant_tile(
                tile.shape, value, halo_vox, self.card.size_divisor, lambda small: self._run(small, cancelled)
            )
        else:
            output = self._run(piece, cancelled)
        for target, source in zip(maps, output, strict=True):
            target[tile.place] = source[tile.keep]

    def _predict_patches(
        self, volume: NDArray[np.float32], progress: Progress, cancelled: Cancelled, max_bytes: float | None
    ) -> NDArray[np.float32]:
        patch = self.card.patch_vox or _shape(volume)
        limit_bytes = self._limit_bytes(_shape(volume), max_bytes)
        self._choose_mode(patch, limit_bytes)
        try:
            margin = self.card.patch_margin_vox
            return predict_in_patches(volume, patch, margin, lambda piece: self._run(piece, cancelled), progress)
        except NoMemoryError as error:
            raise self._too_little(math.prod(patch), volume.size, self._free_bytes()) from error

    def _run(self, piece: NDArray[np.float32], cancelled: Cancelled) -> NDArray[np.float32]:
        """Maps B, C, M of one piece of the volume."""
        stop_if(cancelled)
        try:
            if piece.size > self._grown_to and self._device.memory_bytes is None:
                self._session = None  # kept memory would be of no use to a larger piece, and so be lost
            if self._session is None:
                self._grown_to = piece.size
                self._session = self._device.start(self._path, keeps_memory=self._mode.keeps_memory)
            output = self._session.run(piece, cancelled)
        except DeviceError as error:
            advice = f"ONNX Runtime says: {error}. Try another device or another model."
            raise UserError(f"The model {self._path} does not run on {self.device_words}.", advice) from error
        if output.shape != (len(self.card.channels), *piece.shape):
            found = " × ".join(map(str, output.shape))
            advice = "Its description does not fit the network in it; export it again."
            raise UserError(f"The model {self._path} gave maps of {found} for {piece.shape}.", advice)
        names: list[str] = ["B" if channel == "F" else channel for channel in self.card.channels]
        order = [names.index(channel) for channel in CHANNELS]
        return output if order == sorted(order) else output[order]

    def _free_bytes(self) -> float:
        free = self._device.memory_bytes
        return FREE_SHARE * (machine.free_memory_bytes() if free is None else free)

    def _limit_bytes(self, shape: Shape, max_bytes: float | None) -> float:
        """Memory that the network may take; a UserError if the smallest tile needs more."""
        free_bytes = self._free_bytes() if max_bytes is None else max_bytes
        on_processor = max_bytes is None and self._device.memory_bytes is None
        output_bytes = math.prod(shape) * OUTPUT_BYTES if on_processor else 0
        smallest_voxels = self._budget.smallest_voxels(shape)
        least_bytes = self._budget.least_bytes(smallest_voxels)
        if least_bytes + output_bytes > free_bytes:
            raise self._too_little(smallest_voxels, math.prod(shape), free_bytes)
        shared_bytes = free_bytes if max_bytes is not None else free_bytes / self._sharers
        return self._budget.given_bytes(shape, shared_bytes) if on_processor else max(shared_bytes, least_bytes)

    def _choose_mode(self, shape: Shape, limit_bytes: float) -> float:
        """Set the fastest way to run that memory allows, and return the voxels of the largest tile for it."""
        self._use(self._budget.mode_for(self._budget.padded_voxels(shape), limit_bytes))
        room = self._budget.room_voxels(limit_bytes, self._mode)
        return room if self._device.memory_bytes is None else min(room, self._budget.countable_voxels)

    def _use(self, mode: Mode) -> None:
        if mode != self._mode:
            self._session = None
        self._mode = mode

    def _give_back(self) -> None:
        """Free the memory kept for the next volume, unless it is little."""
        if self._device.memory_bytes is not None:
            return
        if (
            self._mode != budget.FAST
            or self._budget.needed_bytes(self._grown_to, budget.FAST) > KEPT_SHARE * machine.free_memory_bytes()
        ):
            self._session = None

    def _go_on_frugally(self) -> None:
        """Free all memory after it ran out, and say so once."""
        self._session = None
        self._use(budget.FRUGAL)
        note = f"Memory of {self.device_words} ran out, so the network went on in smaller tiles (same result, slower)."
        if note not in self.notes:
            self.notes.append(note)

    def _too_little(self, tile_voxels: int, volume_voxels: int, free_bytes: float) -> UserError:
        need_gb = (self._budget.least_bytes(tile_voxels) + volume_voxels * OUTPUT_BYTES) / 1e9
        return UserError(
            "There is too little memory for this stack.",
            f"{self.card.name} needs at least {need_gb:.1f} GB for it, and {free_bytes / 1e9:.1f} GB can be used now. "
            "Close other programs, crop the stack to one cyst, or use a computer with more memory.",
        )


def _shape(volume: NDArray[np.float32]) -> Shape:
    z, y, x = volume.shape
    return z, y, x
