"""A computer that this one pretends to be: its graphics cards and how they fare."""

import platform
import time

import numpy as np

from cartocell_app.segmentation import machine, runtime
from cartocell_app.segmentation.machine import Gpu

CPU, CUDA, COREML, DIRECTML = (f"{name}ExecutionProvider" for name in ("CPU", "CUDA", "CoreML", "Dml"))


class Computer:
    """A computer to pretend: its system, GPUs, what ONNX Runtime was built with, and how each provider fares."""

    def __init__(self, monkeypatch):
        self.monkeypatch = monkeypatch
        self.started = []
        self.trouble = {}
        self.error = {}
        self.delay_s = {}
        monkeypatch.setattr(runtime, "Session", self.session)
        self.has("Linux", [], [CPU])

    def has(self, system, gpus, providers):
        self.monkeypatch.setattr(platform, "system", lambda: system)
        self.monkeypatch.setattr(machine, "nvidia_gpus", lambda: gpus)
        self.monkeypatch.setattr(runtime, "available_providers", lambda: frozenset(providers))

    def session(self, _model, provider, *_rest, **_more):
        self.started.append(provider)
        if provider in self.trouble:
            raise self.trouble[provider]
        return FakeSession(self.error.get(provider, 0), self.delay_s.get(provider, 0.02))


class FakeSession:
    def __init__(self, error, delay_s):
        self.error, self.delay_s = error, delay_s

    def run(self, tile, *_):
        time.sleep(self.delay_s)
        return np.stack([tile] * 3) + np.float32(self.error)


GPU = [Gpu("NVIDIA GeForce RTX 4090", 20 << 30)]
