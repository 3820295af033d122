"""Vector quantisation while training: k-means start, EMA codebook, restart of dead codes.

The codebook is not trained by gradient; `CodebookTrainer` moves it after every step."""
import torch
import torch.nn.functional as F
from torch import Tensor

from .model import Codebook


class CodebookTrainer:
    def __init__(self, codebook: Codebook, decay: float = 0.99, dead_below: float = 0.05):
        self.codebook, self.decay, self.dead_below = codebook, decay, dead_below
        self.counts = torch.ones(len(codebook.weight), device=codebook.weight.device)
        self.sums = codebook.weight.data.clone()

    @torch.no_grad()
    def start(self, vectors: Tensor, iterations: int = 20) -> None:
        """Spherical k-means on unit vectors [N, width]."""
        weight = self.codebook.weight
        weight.copy_(vectors[torch.randperm(len(vectors))[: len(weight)]])
        for _ in range(iterations):
            ids = self.codebook.nearest(vectors)
            sums = torch.zeros_like(weight).index_add_(0, ids, vectors)
            empty = torch.bincount(ids, minlength=len(weight)) == 0
            sums[empty] = vectors[torch.randint(len(vectors), (int(empty.sum()),))]
            weight.copy_(F.normalize(sums, dim=1))
        self.counts.fill_(1)
        self.sums.copy_(weight)

    @torch.no_grad()
    def update(self, vectors: Tensor, ids: Tensor) -> None:
        self.counts.mul_(self.decay).add_(torch.bincount(ids, minlength=len(self.counts)), alpha=1 - self.decay)
        fresh = torch.zeros_like(self.sums).index_add_(0, ids, vectors)
        self.sums.mul_(self.decay).add_(fresh, alpha=1 - self.decay)
        self.codebook.weight.copy_(F.normalize(self.sums, dim=1))

    @torch.no_grad()
    def restart_dead(self, vectors: Tensor, ids: Tensor) -> int:
        """Dead codes move to vectors that are badly served (drawn in proportion to their error)."""
        dead = (self.counts < self.dead_below).nonzero().flatten()
        if len(dead) == 0:
            return 0
        error = (1 - (vectors * self.codebook.weight[ids]).sum(1)).clamp(min=1e-8)
        dead = dead[: min(len(dead), int((error > 1e-4).sum()))]
        if len(dead) == 0:
            return 0
        chosen = vectors[torch.multinomial(error, len(dead))]
        self.codebook.weight[dead], self.sums[dead], self.counts[dead] = chosen, chosen.clone(), 1.0
        return len(dead)

    def state(self) -> dict[str, Tensor]:
        return {"counts": self.counts, "sums": self.sums}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.counts, self.sums = state["counts"], state["sums"]
