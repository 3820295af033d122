"""One cross-entropy over the whole delimited sequence, each position through the head that is legal there. Beside it,
while training, where speech is generated: which phone is being said and which comes next, read off the hidden state."""
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.compose import to_tensor_range
from .layout import body_starts, buckets, modalities
from .model import Decoder
from .sequence import IGNORED, Batch

PHONE_WEIGHT = 0.5  # beside the mean over ids, where every frame's phone is known


def inputs(decoder: Decoder, encoders: nn.ModuleDict, batch: Batch, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """`encoders`: by modality, "image" and "audio"; `change`: of what is heard, as log-mel bands."""
    x = decoder.embed(batch.ids)
    starts = body_starts(batch.layout)
    for index, content in batch.contents.items():
        if batch.layout[index].modality == 2:
            embedded = encoders["image"](torch.from_numpy(to_tensor_range(content)))
        else:
            embedded = encoders["audio"].embed(encoders["audio"].listen(torch.from_numpy(content), change))
        start = starts[index]
        x = torch.cat((x[:, :start], embedded.to(x.dtype), x[:, start + embedded.shape[1] :]), dim=1)
    return x


def losses(decoder: Decoder, encoders: nn.ModuleDict, batch: Batch, phone_heads: nn.Linear | None = None,
           change: Callable[[Tensor], Tensor] | None = None) -> tuple[Tensor, dict[str, float]]:
    """`phone_heads`: hidden -> two times the phones. -> weighted mean over the asked positions; plain mean per head for
    the log (weight < 1 left out)."""
    x = inputs(decoder, encoders, batch, change)
    if torch.is_autocast_enabled("cpu"):
        x = x.to(torch.bfloat16)  # the residual stream too: half the memory traffic
    positions = torch.arange(x.shape[1])
    hidden, _ = decoder(x, modalities(batch.layout), positions, buckets(batch.layout, decoder.port_config))
    total, weight_sum, log = torch.zeros(()), 0.0, {}
    for name, (at, targets, weights) in batch.asked.items():
        logits = decoder.ports[name].head(hidden[:, at]).float()
        each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", ignore_index=IGNORED).view(targets.shape)
        share = (targets != IGNORED) * weights
        total = total + (each * share).sum()
        weight_sum += share.sum().item()
        full = (targets != IGNORED) & (weights == 1)
        if full.any():
            log[name] = each[full].mean().item()
    loss = total / weight_sum
    if batch.phones is not None and phone_heads is not None:
        at, targets = batch.phones
        known = targets != IGNORED
        logits = phone_heads(hidden[:, at]).float().unflatten(-1, (2, -1))
        each = F.cross_entropy(logits.flatten(0, 2), targets.flatten(), reduction="none", ignore_index=IGNORED).view(targets.shape)
        log["phones"], log["next phones"] = ((each[..., i].sum() / known[..., i].sum().clamp(min=1)).item() for i in (0, 1))
        loss = loss + PHONE_WEIGHT * each.sum() / known.sum().clamp(min=1) * known[..., 0].float().mean()
    return loss, log
