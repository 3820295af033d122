"""What codes that look alike have in common."""
import torch
from torch import Tensor, nn

from .model import Decoder

FRESH = [0.1, 0.01]  # spreads of a fresh embedding and head, beside their own .5 and .02


class Likeness:
    """Lets what is learnt of one id reach the ids whose codes are like it: a table's rows move, besides by themselves,
    by a linear map of their codes, which has an optimiser of its own. The same as a table of rows + codes @ map, but
    with the sum kept in the rows, so that nothing but training knows of it."""

    def __init__(self, codes: Tensor, tables: list[nn.Parameter]):
        """`codes`: [ids, n] of the first rows of every table [ids or more, width]."""
        self.codes, self.tables = codes / codes.std(), tables
        self.maps = [nn.Parameter(torch.zeros(codes.shape[1], table.shape[1], device=table.device)) for table in tables]

    @torch.no_grad()
    def begin(self, spreads: list[float]) -> None:
        """Rows of fresh tables begin alike where their codes are; `spreads`: standard deviations of the maps."""
        for table, map, spread in zip(self.tables, self.maps, spreads):
            table[: len(self.codes)] += (self.codes @ (spread * torch.randn(map.shape))).to(table.device)


class LikenessOptimiser(torch.optim.AdamW):
    """The optimiser of the maps: their gradients are gathered from those of the tables, and their steps move the rows."""

    def __init__(self, likeness: Likeness, rate: float):
        super().__init__(likeness.maps, lr=rate, weight_decay=0.0, betas=(0.9, 0.95))
        self.likeness = likeness

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        tables, maps = self.likeness.tables, self.likeness.maps
        codes = self.likeness.codes.to(maps[0].device)
        for table, map in zip(tables, maps):
            map.grad = None if table.grad is None else codes.T @ table.grad[: len(codes)]
        before = [map.clone() for map in maps]
        super().step()
        for table, map, old in zip(tables, maps, before):
            table[: len(codes)] += codes @ (map - old)


def likeness_of(decoder: Decoder, codebook: Tensor) -> Likeness:
    """Of image ids: their embeddings and their rows of the head."""
    port = decoder.ports["image"]
    return Likeness(codebook.detach(), [port.embedding, port.head.weight])
