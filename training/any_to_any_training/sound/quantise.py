"""Residual vector quantisation while training: k-means start, EMA codebooks, restart of dead codes."""
import torch
from torch import Tensor

from .codec import Codebook


class CodebookTrainer:
    def __init__(self, codebook: Codebook, decay: float = 0.99, dead_below: float = 0.03):
        self.codebook, self.decay, self.dead_below = codebook, decay, dead_below
        self.counts, self.sums = torch.ones(len(codebook.weight)), codebook.weight.clone()

    @torch.no_grad()
    def start(self, vectors: Tensor, iterations: int = 12) -> None:
        """k-means on [N, width]."""
        weight = self.codebook.weight
        weight.copy_(vectors[torch.randperm(len(vectors))[: len(weight)]])
        for _ in range(iterations):
            ids = self.codebook.nearest(vectors)
            counts = torch.bincount(ids, minlength=len(weight)).float()
            sums = torch.zeros_like(weight).index_add_(0, ids, vectors)
            full = counts > 0
            weight[full] = sums[full] / counts[full, None]
            weight[~full] = vectors[torch.randint(len(vectors), (int((~full).sum()),))]
        self.counts.fill_(1)
        self.sums.copy_(weight)

    @torch.no_grad()
    def update(self, vectors: Tensor, ids: Tensor) -> int:
        """Moves the codes to the mean of what they serve; dead ones restart at vectors of this batch. -> restarted"""
        self.counts.mul_(self.decay).add_(torch.bincount(ids, minlength=len(self.counts)), alpha=1 - self.decay)
        self.sums.mul_(self.decay).add_(torch.zeros_like(self.sums).index_add_(0, ids, vectors), alpha=1 - self.decay)
        dead = (self.counts < self.dead_below).nonzero().flatten()[: len(vectors) // 8]
        if len(dead):
            error = ((vectors - self.codebook.weight[ids]) ** 2).sum(1) + 1e-8
            self.sums[dead], self.counts[dead] = vectors[torch.multinomial(error, len(dead))], 1.0
        self.codebook.weight.copy_(self.sums / self.counts.clamp(min=1e-4)[:, None])
        return len(dead)

    def state(self) -> dict[str, Tensor]:
        return {"counts": self.counts, "sums": self.sums}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.counts, self.sums = state["counts"], state["sums"]
