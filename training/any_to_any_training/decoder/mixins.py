"""Optional parts of a decoder layer, each an identity when zero-initialised: type embedding, conditional LoRA,
head scale, gated residual. `modality` is [S] or [B, S]; 0 marks, 1 text, 2 image, 3 audio."""
import torch
from torch import Tensor, nn


class TypeEmbedding(nn.Module):
    def __init__(self, modalities: int, width: int):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(modalities, width) * 0.02)
        self.gate = nn.Parameter(torch.zeros(modalities))
        self.direction = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, modality: Tensor) -> Tensor:
        gate = torch.sigmoid(x @ self.direction.to(x.dtype) + self.gate.to(x.dtype)[modality])
        return x + gate.unsqueeze(-1) * self.embedding.to(x.dtype)[modality]


class LowRank(nn.Module):
    """2 * (h A[m]) B[m], one pair of matrices per modality."""

    def __init__(self, modalities: int, width: int, rank: int, out: int):
        super().__init__()
        self.a = nn.Parameter(torch.randn(modalities, width, rank) * width**-0.5)
        self.b = nn.Parameter(torch.zeros(modalities, rank, out))

    def forward(self, h: Tensor, modality: Tensor) -> Tensor:
        chosen = torch.nn.functional.one_hot(modality, len(self.a)).to(h.dtype).unsqueeze(-1)  # [.., S, M, 1]
        inner = torch.einsum("bsd,mdr->bsmr", h, self.a) * chosen
        return 2 * torch.einsum("bsmr,mro->bso", inner, self.b)


class Lora(nn.Module):
    def __init__(self, modalities: int, width: int, rank: int, query: int, key: int):
        super().__init__()
        self.q = LowRank(modalities, width, rank, query)
        self.k = LowRank(modalities, width, rank, key)


class HeadScale(nn.Module):
    def __init__(self, modalities: int, width: int, heads: int):
        super().__init__()
        self.direction = nn.Parameter(torch.zeros(width, heads))
        self.bias = nn.Parameter(torch.zeros(modalities, heads))

    def forward(self, h: Tensor, modality: Tensor) -> Tensor:
        """[B, S, heads], 1 at the start."""
        return 2 * torch.sigmoid(h @ self.direction.to(h.dtype) + self.bias[modality])


class GatedResidual(nn.Module):
    def __init__(self, modalities: int):
        super().__init__()
        self.attention = nn.Parameter(torch.zeros(modalities))
        self.feed_forward = nn.Parameter(torch.zeros(modalities))

    @staticmethod
    def scale(gate: Tensor, modality: Tensor) -> Tensor:
        return (1 + torch.tanh(gate[modality])).unsqueeze(-1)
