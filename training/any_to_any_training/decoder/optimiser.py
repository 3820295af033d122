"""Muon for the matrices inside the layers, AdamW for everything else; `train` is the config's table of rates.

Muon (momentum whose singular values are set to one by a few Newton-Schulz steps) needs fewer steps for the same
loss, which is what counts on a CPU. Embeddings see few examples each, so their rate is the highest. Where a trained
decoder grows a modality (`grown`), that port has rates of its own: the rest moves slowly, so as not to forget."""
from collections.abc import Callable

import torch
from torch import nn

from .likeness import Likeness, LikenessOptimiser


def kind(name: str, value: nn.Parameter, grown: str | None) -> str:
    if grown is not None and f"ports.{grown}." in name:
        return "new table" if name.endswith("embedding") else "new head"
    if ".encoders." in f".{name}":  # comes warmed up: small steps
        return "encoder"
    if name.endswith("guide.weight"):
        return "guide"
    if "buckets." in name:  # the only way to where a cell's neighbours are: far from its start of zero, and soon
        return "bucket"
    if name.endswith("embedding") and "ports." in name:
        return "table"
    if ".head.weight" in name:
        return "head"
    inside = "layers." in name and not any(part in name for part in (".type.", ".lora.", ".residual."))
    return "matrix" if inside and value.ndim == 2 and min(value.shape) > 16 else "other"


class Optimiser:
    """`step(factor)` applies every peak rate times the schedule's factor; `kind` says which rate is whose; `likeness`
    is trained at the rate of tables."""

    def __init__(self, models: nn.Module, train: dict, kind: Callable[[str, nn.Parameter, str | None], str] = kind, likeness: Likeness | None = None):
        groups: dict[str, list[nn.Parameter]] = {"table": [], "bucket": [], "head": [], "matrix": [], "encoder": [], "other": [], "guide": [], "new table": [], "new head": []}
        for name, value in models.named_parameters():
            groups[kind(name, value, train.get("grown"))].append(value)
        rates = {"table": train["tableRate"], "bucket": train.get("bucketRate", train["tableRate"]), "head": train.get("headRate"), "matrix": train["rate"], "encoder": train.get("encoderRate"), "other": train["rate"],
                 "guide": train.get("guideRate"), "new table": train.get("newTableRate"), "new head": train.get("newHeadRate")}
        self.parts: list[torch.optim.Optimizer] = []
        if train["optimiser"] == "muon":
            matrices = groups.pop("matrix")
            self.parts.append(torch.optim.Muon(matrices, lr=train["muonRate"], weight_decay=train["decay"], momentum=0.95, adjust_lr_fn="original"))
        decays = {"matrix": train["decay"], "head": train["decay"]}
        self.parts.append(torch.optim.AdamW([{"params": values, "lr": rates[name], "weight_decay": decays.get(name, 0.0)} for name, values in groups.items() if values], betas=(0.9, 0.95)))
        if likeness is not None:
            self.parts.append(LikenessOptimiser(likeness, train["tableRate"]))
        self.peaks = [[group["lr"] for group in part.param_groups] for part in self.parts]

    def step(self, factor: float) -> None:
        for part, peaks in zip(self.parts, self.peaks):
            for group, peak in zip(part.param_groups, peaks):
                group["lr"] = peak * factor
        for part in self.parts:
            part.step()
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state(self) -> list[dict]:
        return [part.state_dict() for part in self.parts]

    def restore(self, states: list[dict]) -> None:
        for part, state in zip(self.parts, states):  # a state from before `likeness` leaves that one fresh
            part.load_state_dict(state)
