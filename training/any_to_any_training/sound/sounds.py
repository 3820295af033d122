"""Sounds of things, played by FluidSynth from MIT-licensed sound fonts (FluidR3 GS and GM), in variants of pitch, force
and length. Each belongs to one concept of the picture world."""
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from .voices import RATE, finish, read_wav

FONTS = {"gs": "/usr/share/sounds/sf2/FluidR3_GS.sf2", "gm": "/usr/share/sounds/sf2/FluidR3_GM.sf2"}


@dataclass(frozen=True)
class Sound:
    font: str
    bank: int
    program: int
    keys: tuple[int, ...]  # MIDI keys to draw from
    repeats: int = 1  # notes in the clip
    seconds: float = 1.2  # in all


SOUNDS = {
    "dog": Sound("gs", 1, 123, (56, 58, 60, 62, 64), 2, 1.0),
    "horse": Sound("gs", 2, 123, (58, 60, 62), 1, 1.4),
    "bee": Sound("gm", 0, 44, (45, 47, 48, 50), 1, 1.0),  # tremolo strings, low
    "water-drop": Sound("gs", 5, 122, (57, 60, 62, 64), 1, 1.2),
    "lightning": Sound("gs", 2, 122, (56, 58, 60, 62), 1, 1.6),
    "train": Sound("gs", 6, 125, (57, 60, 62), 1, 1.6),
    "car": Sound("gs", 1, 125, (57, 60, 62), 1, 1.2),
    "airplane": Sound("gs", 7, 125, (57, 60, 62), 1, 1.6),
    "rocket": Sound("gs", 3, 127, (57, 60, 62), 1, 1.4),
    "ufo": Sound("gs", 8, 125, (57, 60, 62), 1, 1.4),
    "heart": Sound("gs", 4, 126, (57, 60, 62), 1, 1.4),
    "phone": Sound("gs", 1, 124, (57, 60, 62, 64), 1, 1.2),
    "bell": Sound("gm", 0, 14, (60, 64, 67, 70), 1, 1.4),
    "guitar": Sound("gm", 0, 25, (48, 52, 55, 59), 3, 1.4),
    "piano": Sound("gm", 0, 0, (55, 60, 64, 67), 3, 1.2),
    "violin": Sound("gm", 0, 40, (62, 66, 69, 72), 2, 1.4),
    "trumpet": Sound("gm", 0, 56, (58, 62, 65, 69), 2, 1.2),
    "alarm-clock": Sound("gm", 0, 80, (84, 86, 88), 6, 1.2),
    "hammer": Sound("gm", 0, 115, (60, 64, 67), 3, 1.0),
    "owl": Sound("gm", 0, 78, (60, 62, 64), 2, 1.2),  # whistle, low
}


def play(name: str, variant: int) -> np.ndarray:
    """int16 [N] at 16 kHz."""
    sound, random = SOUNDS[name], Random(f"{name} {variant}")
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "notes.mid", Path(folder) / "sound.wav"
        midi.write_bytes(notes(sound, random))
        subprocess.run(["fluidsynth", "-ni", "-q", "-r", str(RATE), "-R", "0", "-C", "0", "-o", "synth.midi-bank-select=gs",
                        "-F", str(wav), FONTS[sound.font], str(midi)], check=True, capture_output=True)
        rate, samples = read_wav(wav.read_bytes())
    assert rate == RATE
    mono = samples.reshape(-1, 2).astype(np.float32).mean(1) / 32768
    return finish(mono, loudness=0.08, longest=sound.seconds * random.uniform(0.85, 1.15))


def notes(sound: Sound, random: Random) -> bytes:
    """A MIDI file of one track; 480 ticks are half a second."""
    ticks = int(960 * sound.seconds * random.uniform(0.8, 1.1) / sound.repeats)
    events = b"\x00" + bytes([0xB0, 0, sound.bank]) + b"\x00" + bytes([0xC0, sound.program])
    for _ in range(sound.repeats):
        key, force = random.choice(sound.keys), random.randint(85, 120)
        events += b"\x00" + bytes([0x90, key, force]) + variable(ticks) + bytes([0x80, key, 0])
    events += variable(240) + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(events)) + events


def variable(value: int) -> bytes:
    """MIDI's variable-length number."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | (value & 0x7F))
    return bytes(reversed(out))
