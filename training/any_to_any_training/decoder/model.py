"""The shared autoregressive decoder: embeddings in, hidden states out, one port (embedding + head) per modality.

Names and maths are those of the checkpoint. Sequences come from `layout`; sampling with a cache is in `sample`."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import MARK_CAPACITY, DecoderConfig, PortConfig
from .guide import Guide
from .mixins import GatedResidual, HeadScale, Lora, TypeEmbedding

Cache = list[tuple[Tensor, Tensor]]  # per layer: keys, values [B, kvHeads, past, headWidth]


class Norm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.epsilon)


def rotation(positions: Tensor, head_width: int, theta: float) -> tuple[Tensor, Tensor]:
    """cos, sin [.., S, headWidth/2]."""
    frequency = theta ** (-torch.arange(0, head_width, 2, dtype=torch.float32, device=positions.device) / head_width)
    angle = positions.float().unsqueeze(-1) * frequency
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Half-split (NeoX) rotary embedding."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, c: DecoderConfig):
        super().__init__()
        self.c = c
        self.norm = Norm(c.width, c.norm_epsilon)
        self.q = nn.Linear(c.width, c.heads * c.head_width, bias=False)
        self.k = nn.Linear(c.width, c.kv_heads * c.head_width, bias=False)
        self.v = nn.Linear(c.width, c.kv_heads * c.head_width, bias=False)
        self.o = nn.Linear(c.heads * c.head_width, c.width, bias=False)
        if c.qk_norm:
            self.q_norm = Norm(c.head_width, c.norm_epsilon)
            self.k_norm = Norm(c.head_width, c.norm_epsilon)


class FeedForward(nn.Module):
    def __init__(self, c: DecoderConfig):
        super().__init__()
        self.norm = Norm(c.width, c.norm_epsilon)
        self.gate = nn.Linear(c.width, c.feed_forward, bias=False)
        self.up = nn.Linear(c.width, c.feed_forward, bias=False)
        self.down = nn.Linear(c.feed_forward, c.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        return self.down(F.silu(self.gate(h)) * self.up(h))


class Layer(nn.Module):
    def __init__(self, c: DecoderConfig, modalities: int):
        super().__init__()
        self.c = c
        self.attention, self.feed_forward = Attention(c), FeedForward(c)
        if c.type_embedding:
            self.type = TypeEmbedding(modalities, c.width)
        if c.lora_rank:
            self.lora = Lora(modalities, c.width, c.lora_rank, c.heads * c.head_width, c.kv_heads * c.head_width)
        if c.head_scale:
            self.head_scale = HeadScale(modalities, c.width, c.heads)
        if c.gated_residual:
            self.residual = GatedResidual(modalities)

    def attend(self, x: Tensor, modality: Tensor, cos: Tensor, sin: Tensor, bias: Tensor, past: tuple | None):
        c, a = self.c, self.attention
        h = a.norm(x)
        q, k, v = a.q(h), a.k(h), a.v(h)
        if c.lora_rank:
            q, k = q + self.lora.q(h, modality), k + self.lora.k(h, modality)
        q, k, v = (t.unflatten(-1, (-1, c.head_width)).transpose(1, 2) for t in (q, k, v))
        if c.qk_norm:
            q, k = a.q_norm(q), a.k_norm(k)
        q, k = rotate(q, cos.to(q.dtype), sin.to(q.dtype)), rotate(k, cos.to(k.dtype), sin.to(k.dtype))
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        present = (k, v)
        if c.kv_heads != c.heads:
            k, v = (t.repeat_interleave(c.heads // c.kv_heads, dim=1) for t in (k, v))
        scores = (q * c.head_width**-0.5) @ k.transpose(-1, -2) + bias.to(q.dtype)
        out = scores.softmax(-1) @ v
        if c.head_scale:
            out = out * self.head_scale(h, modality).transpose(-1, -2).unsqueeze(-1)
        return a.o(out.transpose(1, 2).flatten(2)), present

    def forward(self, x: Tensor, modality: Tensor, cos: Tensor, sin: Tensor, bias: Tensor, past: tuple | None = None):
        if self.c.type_embedding:
            x = self._modules["type"](x, modality)  # Module.type is a method of PyTorch
        a, present = self.attend(x, modality, cos, sin, bias, past)
        if self.c.gated_residual:
            a = a * self.residual.scale(self.residual.attention, modality)
        x = x + a
        f = self.feed_forward(x)
        if self.c.gated_residual:
            f = f * self.residual.scale(self.residual.feed_forward, modality)
        return x + f, present


class Port(nn.Module):
    """Where a modality enters (embedding) and leaves (head); all heads but that of the marks have one more row, their closing mark.
    `scales`: those of its `guide`, if it has one."""

    def __init__(self, size: int, rows: int, width: int, scales: tuple[float, ...] = ()):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(size, width) * 0.5)
        self.head = nn.Linear(width, rows, bias=False)
        if scales:
            self.guide = Guide(scales, width)


class Buckets(nn.Module):
    """Relative position bias, one table for all layers; row 0 stays zero."""

    def __init__(self, count: int, heads: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count, heads))

    def forward(self, bucket: Tensor) -> Tensor:
        """[.., Q, K] -> [.., heads, Q, K]"""
        return F.embedding(bucket, self.weight, padding_idx=0).movedim(-1, -3)


class Decoder(nn.Module):
    def __init__(self, config: DecoderConfig, ports: PortConfig):
        super().__init__()
        self.config, self.port_config = config, ports
        self.layers = nn.ModuleList(Layer(config, ports.modalities) for _ in range(config.layers))
        self.norm = Norm(config.width, config.norm_epsilon)
        if config.buckets:
            self.buckets = Buckets(ports.buckets, config.heads)
        sizes = {"marks": (MARK_CAPACITY, MARK_CAPACITY)} | {name: (size, size + 1) for name, size in ports.sizes.items()}
        scales = {"image": ports.image_guide}
        self.ports = nn.ModuleDict({name: Port(*size, config.width, scales.get(name, ())) for name, size in sizes.items()})
        self.apply(self.initialise)

    def initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
        if isinstance(module, Port):
            nn.init.normal_(module.head.weight, std=0.02)
        if isinstance(module, (Attention, FeedForward)):
            last = module.o if isinstance(module, Attention) else module.down
            nn.init.normal_(last.weight, std=last.in_features**-0.5 / (2 * self.config.layers) ** 0.5)

    def embed(self, ids: Tensor) -> Tensor:
        """Global ids [B, S] -> [B, S, width]."""
        table = torch.cat([port.embedding for port in self.ports.values()])
        return F.embedding(ids, table)

    def bias(self, bucket: Tensor) -> Tensor:
        """Buckets [.., Q, K] of the last Q of K positions -> additive bias with the causal mask, [.., heads, Q, K]."""
        queries, keys = bucket.shape[-2:]
        future = torch.ones(queries, keys, dtype=torch.bool, device=bucket.device).triu(keys - queries + 1)
        base = self.buckets(bucket) if self.config.buckets else torch.zeros(1, queries, keys, device=bucket.device)
        return base.masked_fill(future, float("-inf"))

    def forward(self, x: Tensor, modality: Tensor, positions: Tensor, bucket: Tensor, past: Cache | None = None) -> tuple[Tensor, Cache]:
        """x [B, S, width]; modality, positions [S] or [B, S]; bucket [S, past+S] or [B, S, past+S], wherever they are."""
        modality, positions, bucket = (part.to(x.device) for part in (modality, positions, bucket))
        cos, sin = rotation(positions, self.config.head_width, self.config.rope_theta)
        if positions.dim() == 2:
            cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
        bias, cache = self.bias(bucket), []
        for index, layer in enumerate(self.layers):
            x, present = layer(x, modality, cos, sin, bias, past[index] if past else None)
            cache.append(present)
        return self.norm(x), cache
