"""Voices: who speaks the training sentences. flite speaks English, espeak-ng Korean; both are called as programs.

A held-out voice is heard in evaluation only."""
import subprocess
import wave
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import numpy as np
from scipy.signal import resample_poly

RATE = 16_000
STRIDE = 320  # samples per frame of the codec


@dataclass(frozen=True)
class Voice:
    name: str
    language: str
    command: tuple[str, ...]
    wording: str  # what a prompt calls it; "" if no prompt may ask for it
    held_out: bool = False


def flite(voice: str) -> tuple[str, ...]:
    return ("flite", "-voice", voice, "--setf", "duration_stretch=0.8", "-o", "/dev/stdout", "-t")


def espeak(voice: str) -> tuple[str, ...]:
    return ("espeak-ng", "-v", voice, "-s", "200", "--stdout")


VOICES = {voice.name: voice for voice in [
    Voice("woman-en", "en", flite("slt"), "a woman's voice"),
    Voice("man-en", "en", flite("rms"), "a man's voice"),
    Voice("robot-en", "en", flite("kal16"), "a robot's voice"),
    Voice("scot-en", "en", flite("awb"), "", held_out=True),
    Voice("woman-ko", "ko", espeak("ko+f3"), "a woman's voice"),
    Voice("man-ko", "ko", espeak("ko+m3"), "a man's voice"),
    Voice("robot-ko", "ko", espeak("ko+klatt2"), "a robot's voice"),
    Voice("other-ko", "ko", espeak("ko+f5"), "", held_out=True),
]}
DEFAULT = {"en": "woman-en", "ko": "woman-ko"}


def speak(text: str, voice: Voice) -> np.ndarray:
    """int16 [N] at 16 kHz: silence around the words cut to 40 ms, equal loudness, whole frames."""
    said = subprocess.run([*voice.command, text], capture_output=True, check=True).stdout
    rate, samples = read_wav(said)
    samples = samples.astype(np.float32) / 32768
    if rate != RATE:
        ratio = Fraction(RATE, rate)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
    return finish(samples, loudness=0.08)


def read_wav(data: bytes) -> tuple[int, np.ndarray]:
    """Sizes in the header of a piped WAV are not to be trusted; the data chunk reaches to the end."""
    with wave.open(BytesIO(data)) as file:
        rate = file.getframerate()
    start = data.index(b"data") + 8
    usable = (len(data) - start) // 2 * 2
    return rate, np.frombuffer(data[start : start + usable], "<i2")


def finish(samples: np.ndarray, loudness: float, longest: float = 4.0) -> np.ndarray:
    """Trims, sets the RMS of the sounding part, pads to whole frames. -> int16"""
    frames = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).max(1)
    loud = np.flatnonzero(frames > 0.02 * frames.max())
    start, end = max(0, (loud[0] - 4) * 160), min(len(samples), (loud[-1] + 5) * 160)
    samples = samples[start:end][: int(longest * RATE)]
    samples = samples * (loudness / np.sqrt((samples**2).mean() + 1e-9))
    samples = samples / max(1.0, np.abs(samples).max() / 0.95)
    samples = np.pad(samples, (0, -len(samples) % STRIDE))
    return (samples * 32767).astype(np.int16)
