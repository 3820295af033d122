"""The rows of the ablation table: each is the shipped recipe, made small, with something changed."""
from copy import deepcopy
from dataclasses import dataclass, field

# What makes the shipped recipe small enough to be trained again and again. Its rates and shares are its own: those of
# the configuration follow whatever is trained next, and rows of different days could not be compared.
RATES = {"rate": 0.0008, "muonRate": 0.004, "tableRate": 0.002, "bucketRate": 0.002, "headRate": 0.0015}
SMALLER = {"guideScales": [], "model": {"layers": 2},
           "train": RATES | {"batch": 24, "treated": 0.5, "mix": {"draw": 0.5, "read": 0.5}, "blankBatches": 0.3, "reading": "embeddings", "raster": False, "warm": True, "activated": 0.0,
                             "likeness": True}}
MIXINS = {"typeEmbedding": True, "loraRank": 4, "headScale": True, "gatedResidual": True}


@dataclass(frozen=True)
class Row:
    """`change`: of the config, section by section."""

    what: str
    change: dict[str, dict] = field(default_factory=dict)


DECODERS = {
    "base": Row("the shipped settings: buckets, type embedding, likeness of ids; pictures read by embeddings of a warmed encoder, drawn in 2x2 blocks"),
    "buckets": Row("no relative-position buckets", {"model": {"buckets": False}}),
    "type": Row("no type embedding", {"model": {"typeEmbedding": False}}),
    "lora": Row("conditional LoRA of rank 4", {"model": {"loraRank": 4}}),
    "head-scale": Row("head scale", {"model": {"headScale": True}}),
    "gated": Row("gated residual", {"model": {"gatedResidual": True}}),
    "all": Row("type embedding, LoRA, head scale and gated residual together", {"model": MIXINS}),
    "ids": Row("pictures read by their ids", {"train": {"reading": "ids"}}),
    "both": Row("pictures read by embeddings and then ids (UniToken, arXiv 2504.04423)", {"train": {"reading": "both"}}),
    "cold": Row("the reader not warmed up", {"train": {"warm": False}}),
    "likeness": Row("image ids learn each for themselves, not for the codes like theirs", {"train": {"likeness": False}}),
    "bucket-rate": Row("buckets learnt at a hundred times the rate of the other tables", {"train": {"bucketRate": 0.2}}),
    "raster": Row("ids of a picture row by row instead of in 2x2 blocks", {"train": {"raster": True}}),
    "progressive": Row("image ids join one by one, all of them after 60 % of the steps (UGen, arXiv 2503.21193)", {"train": {"activated": 0.6}}),
}
CODEBOOKS = {
    "ema": Row("the shipped codebook: unit vectors, k-means start, moving averages, dead codes restart"),
    "simvq": Row("a fixed random codebook under a learnt linear map (SimVQ, arXiv 2411.02038)"),
    "fsq": Row("8 x 8 x 8 x 4 levels of four bounded numbers instead of a codebook (FSQ, arXiv 2309.15505)"),
}
BOOKS = {f"books-{count}": Row(f"{count} of the sound codec's codebooks") for count in (1, 2, 4)}
REROLLS = {
    "further": Row("the run itself, going on as it was trained"),
    "reroll": Row("half of what it draws there is its own: up to two pictures a prompt, of which the first is kept that its own reader reads as it was asked for"),
}
ROWS = DECODERS | CODEBOOKS | BOOKS | REROLLS


def changed(config: dict, *changes: dict[str, dict | list]) -> dict:
    """changed({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}) == {"a": {"b": 3, "c": 2}}"""
    out = deepcopy(config)
    for change in changes:
        for section, values in change.items():
            out[section] = out[section] | values if isinstance(values, dict) else values
    return out
