"""A finished model, frozen, with one modality more. What is new: its port, its two marks, its buckets, its conditional
LoRA and its row of the type embedding. Everything older, rows of shared tables included, stays as it is."""
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..decoder.config import MARKS, DecoderConfig, PortConfig
from ..decoder.grow import load_grown
from ..decoder.model import Decoder
from .batch import marks_of

UNSAID = MARKS.index("<s>")  # follows nothing, so its row of the marks' head is low everywhere


def grown_decoder(config: DecoderConfig, ports: PortConfig, state: dict[str, Tensor], rank: int) -> Decoder:
    """`ports` with the new modality as its last, `state` without it: a decoder that computes what it did, and in which
    only what is new takes gradients. Where the modality is not asked for, its mark is as unlikely as <s>."""
    decoder = Decoder(replace(config, lora_rank=rank), ports)
    load_grown(decoder, state)
    new, marks = ports.grown[-1].name, list(marks_of(ports, ports.modalities - 1))
    with torch.no_grad():
        decoder.ports["marks"].head.weight[marks] = decoder.ports["marks"].head.weight[UNSAID].clone()
    decoder.requires_grad_(False)
    for value in decoder.ports[new].parameters():
        value.requires_grad_(True)
    first, count, _ = ports.lines[new]
    only_rows(decoder.ports["marks"].embedding, marks)
    only_rows(decoder.buckets.weight, range(first, first + count))
    for name, value in decoder.layers.named_parameters():
        if name.endswith((".type.embedding", ".type.gate")) or ".lora." in name:
            only_rows(value, [ports.modalities - 1])
    return decoder


def only_rows(value: nn.Parameter, rows: Iterable[int]) -> None:
    """Lets `rows` of a tensor learn; an optimiser without weight decay never moves what has no gradient."""
    mask = torch.zeros(len(value), *[1] * (value.ndim - 1))
    mask[list(rows)] = 1
    value.requires_grad_(True).register_hook(lambda gradient: gradient * mask)


def new_tensors(decoder: Decoder) -> dict[str, Tensor]:
    """What `any-to-any add-modality` adds to a bundle, by name."""
    ports = decoder.port_config
    grown, index = ports.grown[-1], ports.modalities - 1
    port, marks = decoder.ports[grown.name], list(marks_of(ports, index))
    first, count, _ = ports.lines[grown.name]
    found = {"embedding": port.embedding, "head.weight": port.head.weight,
             "marks.embedding": decoder.ports["marks"].embedding[marks], "marks.head.weight": decoder.ports["marks"].head.weight[marks],
             "buckets.weight": decoder.buckets.weight[first : first + count]}
    for name, value in decoder.layers.named_parameters():
        if name.endswith((".type.embedding", ".type.gate")) or ".lora." in name:
            found[f"layers.{name}"] = value[index : index + 1] if name.endswith(".gate") else value[index]
    return {name: value.detach().float().contiguous().clone() for name, value in found.items()}


def write_growth(folder: Path, decoder: Decoder, manifest: dict, uses: dict, files: dict[str, bytes], about: dict) -> None:
    """config.json, modality.safetensors and the plugins' files. `uses`: whose tokenizer, and whose encoder, with their
    options; `about`: sampling defaults and attribution."""
    grown = decoder.port_config.grown[-1]
    plugins = {kind: {"kind": "plugin", **use, "files": [file for file in files if file in use["options"].values()]} for kind, use in uses.items()}
    config = {"kind": "modality", "format": 1, "name": grown.name, "open": grown.open, "close": grown.close, "size": grown.size,
              "layout": {"kind": "line", "buckets": grown.buckets, "maxDistance": grown.distance}, "loraRank": decoder.config.lora_rank,
              **plugins, "bundle": about, "grownOn": grown_on(manifest)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    save_file(new_tensors(decoder), folder / "modality.safetensors")


def grown_on(manifest: dict) -> dict[str, str]:
    """Hashes of the tables of ids, which training the model any further changes and growing it does not."""
    tables = [port["table"]["file"] for name, port in manifest["ports"].items() if name != "marks" and "table" in port]
    return {file: manifest["files"][file]["sha256"] for file in tables}
