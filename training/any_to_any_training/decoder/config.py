"""Decoder and encoder shapes; the fields are those of the checkpoint's config.json, in camelCase there."""
from dataclasses import asdict, dataclass, fields

MARKS = ["<pad>", "<s>", "</s>", "<txt>", "</txt>", "<img>", "</img>", "<aud>", "</aud>"]
MARK_CAPACITY = 32


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


@dataclass(frozen=True)
class DecoderConfig:
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 4
    head_width: int = 64
    feed_forward: int = 704
    context: int = 512
    rope_theta: float = 10000
    norm_epsilon: float = 1e-6
    qk_norm: bool = True
    buckets: bool = True
    type_embedding: bool = True
    lora_rank: int = 0
    head_scale: bool = False
    gated_residual: bool = False

    def to_json(self) -> dict:
        return {camel(key): value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: dict) -> "DecoderConfig":
        names = {camel(field.name): field.name for field in fields(cls)}
        return cls(**{names[key]: value for key, value in values.items()})


@dataclass(frozen=True)
class Grown:
    """A modality that was added to a finished model: a line of ids, its region and its buckets behind all others."""

    name: str
    open: str
    close: str
    size: int
    buckets: int = 32
    distance: int = 128


@dataclass(frozen=True)
class PortConfig:
    """Vocabulary sizes of the id modalities, in the order of their regions, and the relative-position tables."""

    text: int = 2048
    image: int = 2048
    audio: int = 2048  # 0: a model without sound
    image_guide: tuple[float, ...] = ()  # scales of guidance that the image port takes as a condition, ascending
    text_buckets: int = 32
    text_distance: int = 128
    image_clip: int = 7
    audio_buckets: int = 32
    audio_distance: int = 128
    grown: tuple[Grown, ...] = ()

    @property
    def image_buckets(self) -> int:
        return (2 * self.image_clip + 1) ** 2

    @property
    def names(self) -> list[str]:
        """By mix-in index: 0 marks, 1 text, 2 image, 3 audio, then what was grown."""
        return ["marks", "text", "image", *(["audio"] if self.audio else []), *(grown.name for grown in self.grown)]

    @property
    def modalities(self) -> int:
        return len(self.names)

    @property
    def sizes(self) -> dict[str, int]:
        """Ids of every region, in their order."""
        sizes = {"text": self.text, "image": self.image, "audio": self.audio, **{grown.name: grown.size for grown in self.grown}}
        return {name: sizes[name] for name in self.names[1:]}

    @property
    def lines(self) -> dict[str, tuple[int, int, int]]:
        """Of every modality that is a line: its first bucket, how many, and the distance from which all is one."""
        lines = {"text": (1, self.text_buckets, self.text_distance)}
        at = 1 + self.text_buckets + self.image_buckets
        if self.audio:
            lines["audio"] = (at, self.audio_buckets, self.audio_distance)
            at += self.audio_buckets
        for grown in self.grown:
            lines[grown.name] = (at, grown.buckets, grown.distance)
            at += grown.buckets
        return lines

    @property
    def buckets(self) -> int:
        return 1 + self.image_buckets + sum(count for _, count, _ in self.lines.values())

    @property
    def offsets(self) -> dict[str, int]:
        """Global id of each region's first id."""
        offsets, at = {}, MARK_CAPACITY
        for name, size in self.sizes.items():
            offsets[name] = at
            at += size
        return offsets

    @property
    def marks(self) -> list[str]:
        return [*MARKS, *(mark for grown in self.grown for mark in (grown.open, grown.close))]
