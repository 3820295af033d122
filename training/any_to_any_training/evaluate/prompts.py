"""Prompts as embeddings and a layout, for the sampler: a batch of equal shape, segment after segment."""
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..data.compose import to_tensor_range
from ..decoder.config import MARKS
from ..decoder.layout import Layout, picture_embeddings, sound_embeddings, text
from ..decoder.sequence import OPEN_MARKS
from ..decoder.train import Models


@dataclass(frozen=True)
class Prompt:
    models: Models
    parts: tuple[Tensor, ...]
    layout: Layout

    @staticmethod
    def begin(models: Models, rows: int) -> "Prompt":
        return Prompt(models, (), ()).add([[MARKS.index("<s>")]] * rows)

    def add(self, ids: list[list[int]]) -> "Prompt":
        return Prompt(self.models, (*self.parts, self.models.decoder.embed(torch.tensor(ids, dtype=torch.long))), self.layout)

    def mark(self, modality: int, closing: bool) -> "Prompt":
        return self.add([[OPEN_MARKS[modality][closing]]] * len(self.parts[0]))

    def words(self, rows: list[list[int]]) -> "Prompt":
        offset = self.models.decoder.port_config.offsets["text"]
        inner = self.mark(1, False).add([[offset + i for i in row] for row in rows]).mark(1, True)
        return Prompt(self.models, inner.parts, (*self.layout, text(len(rows[0]))))

    def pictures(self, pixels: np.ndarray) -> "Prompt":
        """uint8 [B, side, side, 3]"""
        return self.embedded(2, self.models.encoders["image"](torch.from_numpy(to_tensor_range(pixels))), picture_embeddings(pixels.shape[-2]))

    def heard(self, samples: Tensor) -> "Prompt":
        """[B, N] in whole embeddings"""
        embeddings = self.models.encoders["audio"](samples)
        return self.embedded(3, embeddings, sound_embeddings(embeddings.shape[1]))

    def embedded(self, modality: int, embeddings: Tensor, segment) -> "Prompt":
        opened = self.mark(modality, False)
        return Prompt(self.models, (*opened.parts, embeddings, *self.mark(modality, True).parts[-1:]), (*self.layout, segment))

    def ask(self, modality: int) -> tuple[Tensor, Layout]:
        """The prefix with the opening mark of what is wanted, and the layout before it."""
        return torch.cat(self.mark(modality, False).parts, 1), self.layout
