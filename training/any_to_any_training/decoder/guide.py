"""Guidance as a condition (Meng et al. 2023): a vector per scale says how strongly a picture is to follow its prompt.

It is added to the embedding of the opening mark and of every id of the segment that is being generated; so one row
gives what else takes two, one with the prompt and one without. `distil` teaches it."""
import torch
from torch import Tensor, nn


class Guide(nn.Module):
    def __init__(self, scales: tuple[float, ...], width: int):
        """`scales` ascend and contain 1, whose row stays zero: scale 1 is no guidance."""
        super().__init__()
        if list(scales) != sorted(set(scales)) or 1 not in scales or len(scales) < 2:
            raise ValueError(f"the scales of a guide ascend and contain 1 and another one, got {scales}")
        self.scales = scales
        self.weight = nn.Parameter(torch.zeros(len(scales), width))
        self.register_buffer("moves", torch.tensor([[float(scale != 1)] for scale in scales]), persistent=False)

    def forward(self, scale: Tensor) -> Tensor:
        """[B] -> [B, width]; between two scales the vector lies between theirs.  Of scales 1, 2: 1.5 -> half of row 2."""
        if scale.min() < self.scales[0] or scale.max() > self.scales[-1]:
            raise ValueError(f"a guide of {self.scales[0]} to {self.scales[-1]} has no vector for {scale.tolist()}")
        known = torch.tensor(self.scales, device=scale.device)
        above = torch.searchsorted(known, scale).clamp(min=1)
        share = ((scale - known[above - 1]) / (known[above] - known[above - 1])).unsqueeze(-1)
        vectors = self.weight * self.moves
        return vectors[above - 1] * (1 - share) + vectors[above] * share
