"""The spoken and played clips of RUN/sound, as `corpus` wrote them."""
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..data.scene import Scene
from .voices import STRIDE


@dataclass
class Clips:
    folder: Path

    @cached_property
    def index(self) -> list[dict]:
        return json.loads((self.folder / "index.json").read_text())

    @cached_property
    def data(self) -> np.ndarray:
        return np.fromfile(self.folder / "clips.i16", "<i2")

    def samples(self, entry: dict) -> np.ndarray:
        """float32 [N] in -1..1"""
        return self.data[entry["start"] : entry["start"] + entry["length"]].astype(np.float32) / 32768

    @cached_property
    def all_ids(self) -> np.ndarray:
        return np.fromfile(self.folder / "ids.i16", "<i2")

    def ids(self, entry: dict) -> np.ndarray:
        """[frames] ids of the first codebook"""
        return self.all_ids[entry["start"] // STRIDE : (entry["start"] + entry["length"]) // STRIDE]

    @cached_property
    def all_phones(self) -> np.ndarray:
        path = self.folder / "phones.u8"
        return np.fromfile(path, np.uint8) if path.exists() else np.zeros(len(self.data) // STRIDE, np.uint8)

    @cached_property
    def phone_count(self) -> int:
        return int(self.all_phones.max()) + 1

    def phones(self, entry: dict) -> np.ndarray:
        """[frames] what is being said, 0 where that is not known"""
        return self.all_phones[entry["start"] // STRIDE : (entry["start"] + entry["length"]) // STRIDE]

    def select(self, **facts: str) -> list[dict]:
        return [entry for entry in self.index if all(entry.get(key) == value for key, value in facts.items())]


def scene_of(entry: dict) -> Scene:
    return Scene(**entry["scene"] | {"objects": tuple(entry["scene"]["objects"])})
