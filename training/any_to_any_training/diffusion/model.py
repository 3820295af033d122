"""The latent-diffusion baseline: words -> context, and (latents with noise, time, context) -> v, over a grid of code vectors.

Names and maths are those of the checkpoint. A small U-Net: residual convolutions on the 8x8 grid, transformer blocks on
4x4 in the middle, where most of the weights are cheap. Latents are the image tokenizer's code vectors times
sqrt(codeWidth), NCHW. Sources: v-prediction (2202.00512), the middle in the manner of U-ViT (2301.11093), AdaLN of DiT
(2212.09748) with cross-attention to the words (2112.10752)."""
import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class DiffusionConfig:
    codes: int = 2048
    code_width: int = 8
    grid: int = 8
    words: int = 2048  # ids of the text BPE; one more says that nothing is said
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    longest: int = 48
    fine: int = 96
    width: int = 192
    hidden: int = 416
    heads: int = 6
    layers: int = 5

    def to_json(self) -> dict:
        named = {"code_width": "codeWidth", "text_width": "textWidth", "text_layers": "textLayers", "text_heads": "textHeads"}
        return {named.get(k, k): v for k, v in asdict(self).items()}


def heads_of(x: Tensor, heads: int) -> Tensor:
    """[B, n, width] -> [B, heads, n, width / heads]"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x)))


class Attention(nn.Module):
    """Queries from `width`, keys and values from `source`; one matrix for all three where both are the same."""

    def __init__(self, width: int, source: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.keys = nn.Linear(width, width), nn.Linear(source, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, bias: Tensor | None = None) -> Tensor:
        key, value = self.keys(source).chunk(2, dim=-1)
        mixed = F.scaled_dot_product_attention(heads_of(self.query(x), self.heads), heads_of(key, self.heads), heads_of(value, self.heads), attn_mask=bias)
        return self.out(mixed.transpose(1, 2).flatten(2))


class TextLayer(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, width, heads)
        self.norm2, self.feed = nn.LayerNorm(width), FeedForward(width, 2 * width)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        inner = self.norm1(x)
        x = x + self.attention(inner, inner, bias)
        return x + self.feed(self.norm2(x))


class TextEncoder(nn.Module):
    """ids [B, n] -> context [B, n, textWidth] and its mean [B, textWidth]; `there` [B, n] where rows differ in length."""

    def __init__(self, config: DiffusionConfig):
        super().__init__()
        self.table = nn.Embedding(config.words + 1, config.text_width)
        self.places = nn.Embedding(config.longest, config.text_width)
        self.layers = nn.ModuleList(TextLayer(config.text_width, config.text_heads) for _ in range(config.text_layers))
        self.norm = nn.LayerNorm(config.text_width)

    def forward(self, ids: Tensor, there: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x = self.table(ids) + self.places.weight[: ids.shape[1]]
        bias = None if there is None else torch.zeros(there.shape, dtype=x.dtype).masked_fill(~there, -math.inf)[:, None, None]
        for layer in self.layers:
            x = layer(x, bias)
        x = self.norm(x)
        if there is None:
            return x, x.mean(1)
        share = there.float() / there.sum(1, keepdim=True)
        return x, (x * share[..., None]).sum(1)


class Modulated(nn.Module):
    """LayerNorm over the last axis, scaled and shifted as the condition says; the third part gates what follows."""

    def __init__(self, width: int, condition: int):
        super().__init__()
        self.norm, self.modulate = nn.LayerNorm(width), nn.Linear(condition, 3 * width)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift, gate = self.modulate(condition).unflatten(0, (len(condition), *[1] * (x.ndim - 2))).chunk(3, dim=-1)
        return self.norm(x) * (1 + scale) + shift, gate


class Residual(nn.Module):
    """x [B, h, w, fine] + gate * point(gelu(spatial(modulated norm of x)))"""

    def __init__(self, width: int, condition: int):
        super().__init__()
        self.enter = Modulated(width, condition)
        self.spatial = nn.Conv2d(width, width, 3, padding=1)
        self.point = nn.Linear(width, width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        inner, gate = self.enter(x, condition)
        inner = self.spatial(inner.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + gate * self.point(F.gelu(inner))


class Block(nn.Module):
    """Cells look at each other, at the words, then each at itself; x [B, cells, width]."""

    def __init__(self, config: DiffusionConfig):
        super().__init__()
        width, text = config.width, config.text_width
        self.enter1, self.attention = Modulated(width, text), Attention(width, width, config.heads)
        self.norm, self.reading = nn.LayerNorm(width), Attention(width, text, config.heads)
        self.enter2, self.feed = Modulated(width, text), FeedForward(width, config.hidden)

    def forward(self, x: Tensor, condition: Tensor, context: Tensor, bias: Tensor | None) -> Tensor:
        inner, gate = self.enter1(x, condition)
        x = x + gate * self.attention(inner, inner)
        x = x + self.reading(self.norm(x), context, bias)
        inner, gate = self.enter2(x, condition)
        return x + gate * self.feed(inner)


class Denoiser(nn.Module):
    """noisy [B, codeWidth, 8, 8], time [B] in 0...999, context [B, n, textWidth], gist [B, textWidth] -> v like noisy."""

    def __init__(self, config: DiffusionConfig):
        super().__init__()
        self.config = config
        fine, width, condition = config.fine, config.width, config.text_width
        self.time = nn.ModuleList([nn.Linear(condition, condition), nn.Linear(condition, condition)])
        self.gist = nn.Linear(condition, condition)
        self.enter = nn.Conv2d(config.code_width, fine, 3, padding=1)
        self.before = Residual(fine, condition)
        self.down = nn.Linear(4 * fine, width)
        self.places = nn.Embedding((config.grid // 2) ** 2, width)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.up = nn.Linear(width, 4 * fine)
        self.after = Residual(fine, condition)
        self.norm = nn.LayerNorm(fine)
        self.leave = nn.Conv2d(fine, config.code_width, 3, padding=1)
        self.start()

    @torch.no_grad()
    def start(self) -> None:
        """Gates begin small, the output at zero."""
        self.leave.weight.zero_(), self.leave.bias.zero_()
        for part in self.modules():
            if isinstance(part, Modulated):
                part.modulate.weight.mul_(0.1), part.modulate.bias.zero_()
                part.modulate.bias[-len(part.norm.weight):] = 0.5
        self.places.weight.mul_(0.1)

    def condition(self, time: Tensor, gist: Tensor) -> Tensor:
        first, second = self.time
        half = first.in_features // 2
        angle = time[:, None] * torch.exp(-math.log(10_000) * torch.arange(half) / half)
        return F.gelu(second(F.gelu(first(torch.cat([angle.cos(), angle.sin()], 1)))) + self.gist(gist))

    def forward(self, noisy: Tensor, time: Tensor, context: Tensor, gist: Tensor, bias: Tensor | None = None) -> Tensor:
        condition = self.condition(time, gist)
        fine = self.before(self.enter(noisy).permute(0, 2, 3, 1), condition)
        side = noisy.shape[-1] // 2
        cells = fine.unflatten(2, (side, 2)).unflatten(1, (side, 2)).permute(0, 1, 3, 2, 4, 5).flatten(3).flatten(1, 2)
        x = self.down(cells) + self.places.weight
        for block in self.layers:
            x = block(x, condition, context, bias)
        back = self.up(x).unflatten(-1, (2, 2, -1)).unflatten(1, (side, side)).permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(1, 2)
        out = self.after(fine + back, condition)
        return self.leave(self.norm(out).permute(0, 3, 1, 2))


class LatentDiffusion(nn.Module):
    def __init__(self, config: DiffusionConfig):
        super().__init__()
        self.config = config
        self.text = TextEncoder(config)
        self.denoiser = Denoiser(config)

    def forward(self, noisy: Tensor, time: Tensor, ids: Tensor, there: Tensor | None = None) -> Tensor:
        context, gist = self.text(ids, there)
        bias = None if there is None else torch.zeros(there.shape).masked_fill(~there, -math.inf)[:, None, None]
        return self.denoiser(noisy, time, context, gist, bias)
