"""One cross-entropy over the whole delimited sequence, each position through the head that is legal there. Beside it,
while training, where speech is generated: which phone is being said and which comes next, read off the hidden state."""
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.compose import to_tensor_range
from .layout import Layout, body_starts, buckets, modalities
from .model import Decoder
from .sequence import IGNORED, Asked, Batch

PHONE_WEIGHT = 0.5  # beside the mean over ids, where every frame's phone is known


def inputs(decoder: Decoder, encoders: nn.ModuleDict, batch: Batch, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """`encoders`: by modality, "image" and "audio"; `change`: of what is heard, as log-mel bands."""
    x = decoder.embed(batch.ids)
    starts = body_starts(batch.layout)
    for index, content in batch.contents.items():
        if batch.layout[index].modality == 2:
            embedded = encoders["image"](torch.from_numpy(to_tensor_range(content)).to(x.device))
        else:
            embedded = encoders["audio"].embed(encoders["audio"].listen(torch.from_numpy(content).to(x.device), change))
        start = starts[index]
        x = torch.cat((x[:, :start], embedded.to(x.dtype), x[:, start + embedded.shape[1] :]), dim=1)
    return x


def hidden_states(decoder: Decoder, x: Tensor, layout: Layout) -> Tensor:
    """[B, S, width] -> [B, S, width]"""
    if torch.is_autocast_enabled(x.device.type):
        x = x.to(torch.bfloat16)  # the residual stream too: half the memory traffic
    return decoder(x, modalities(layout), torch.arange(x.shape[1]), buckets(layout, decoder.port_config))[0]


def entropies(decoder: Decoder, hidden: Tensor, asked: dict[str, Asked]) -> dict[str, tuple[Tensor, Tensor]]:
    """By head: the cross-entropy of every asked position and what it counts, 0 where it is ignored; both [B, N]."""
    out = {}
    for name, (at, targets, weights) in asked.items():
        logits = decoder.ports[name].head(hidden[:, at]).float()
        each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", ignore_index=IGNORED).view(targets.shape)
        out[name] = each, (targets != IGNORED) * weights
    return out


def weighted_mean(entries: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
    return sum((each * share).sum() for each, share in entries.values()) / sum(share.sum().item() for _, share in entries.values())


def plain_means(entries: dict[str, tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Per head, for the log; what counts less than 1 is left out."""
    return {name: each[share == 1].mean().item() for name, (each, share) in entries.items() if (share == 1).any()}


def losses(decoder: Decoder, encoders: nn.ModuleDict, batch: Batch, phone_heads: nn.Linear | None = None,
           change: Callable[[Tensor], Tensor] | None = None) -> tuple[Tensor, dict[str, float]]:
    """`phone_heads`: hidden -> two times the phones. -> weighted mean over the asked positions; plain mean per head for
    the log (weight < 1 left out)."""
    hidden = hidden_states(decoder, inputs(decoder, encoders, batch, change), batch.layout)
    entries = entropies(decoder, hidden, batch.asked)
    loss, log = weighted_mean(entries), plain_means(entries)
    if batch.phones is not None and phone_heads is not None:
        at, targets = batch.phones
        known = targets != IGNORED
        logits = phone_heads(hidden[:, at]).float().unflatten(-1, (2, -1))
        each = F.cross_entropy(logits.flatten(0, 2), targets.flatten(), reduction="none", ignore_index=IGNORED).view(targets.shape)
        log["phones"], log["next phones"] = ((each[..., i].sum() / known[..., i].sum().clamp(min=1)).item() for i in (0, 1))
        loss = loss + PHONE_WEIGHT * each.sum() / known.sum().clamp(min=1) * known[..., 0].float().mean()
    return loss, log
