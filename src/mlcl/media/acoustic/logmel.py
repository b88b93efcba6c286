"""The default acoustic features: log-mel bands, loudness and the shape of the spectrum, every 10 ms."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from mlcl.media.acoustic.frames import ROW_SECONDS, Windows, windows_of
from mlcl.media.recording import FeatureStream, Sound
from mlcl.media.specification import ExtractorSpecification

VERSION = 1
NUM_BANDS = 40
HIGHEST = 8000.0  # Hz
SILENCE = 1e-10  # power of -100 dB relative to full scale
COLUMNS: dict[str, str] = {
    **{f"mel_{band:02}": "dB relative to full scale, at least -100" for band in range(1, NUM_BANDS + 1)},
    "level": "dB relative to full scale, up to 8 kHz, at least -100",
    "loudness": "perceived: bands weighted by the ear's sensitivity, to the power 0.33, summed",
    "centroid": "Hz, mean of the spectrum",
    "spread": "Hz, standard deviation of the spectrum about its centroid",
    "rolloff": "Hz, 85 % of the power lies below",
    "slope": "dB per octave, of a line through the bands from 100 Hz to 5 kHz",
    "flatness": "geometric by arithmetic mean of the power, in [0, 1]; 1 for noise",
    "flux": "change of the spectrum's shape since the row before, in [0, 1]",
    "zero_crossings": "per second, of the sound up to 8 kHz",
    "periodicity": "height of the autocorrelation's peak between 80 and 500 Hz, in [0, 1]; 1 for a steady voice",
}
_FINEST_BIN = 24.0  # Hz; the narrowest band is 45 Hz wide
_VOICE = (80.0, 500.0)  # Hz


class LogMel:
    """Features of the sound at its native rate, computed with numpy.

    Each row is 10 ms long and measured on the 25 ms about its middle. Bands and spectral shape end at 8 kHz, so that a
    column means the same at every rate; where a file's rate reaches less high, its bands above are silent (-100 dB).
    A row without any sound has the bands of silence and zeros for the spectrum's shape.
    """

    def __init__(self) -> None:
        self.specification = ExtractorSpecification(
            extractor="logmel", version=VERSION, columns=tuple(COLUMNS), rate=1 / ROW_SECONDS
        )

    def extract(self, sound: Iterable[Sound]) -> FeatureStream:
        """Rows of a recording, as an `AcousticExtractor` gives them."""
        times, values = [np.zeros((0, 2))], [np.zeros((0, len(COLUMNS)), np.float32)]
        measure: _Spectra | None = None
        for windows in windows_of(sound):
            measure = measure or _Spectra(windows.rate)
            times.append(windows.times)
            values.append(measure(windows))
        return FeatureStream(np.concatenate(times), np.concatenate(values))


class _Spectra:
    """All columns of windows at one rate; knows the last spectrum, from which the next one's change is measured."""

    def __init__(self, rate: int) -> None:
        length = round(0.025 * rate)
        self.size = 1 << int(np.ceil(np.log2(max(rate / _FINEST_BIN, length))))
        self.taper = np.hanning(length + 2)[1:-1].astype(np.float32)
        frequencies = np.arange(self.size // 2 + 1) * rate / self.size
        self.count = int((frequencies <= HIGHEST).sum())
        self.frequencies = frequencies[: self.count].astype(np.float32)
        # One-sided power of a window, such that its sum over the bins is the mean square of the sound.
        one_sided = np.where((frequencies > 0) & (frequencies < rate / 2), 2.0, 1.0)[: self.count]
        self.scale = (one_sided / (self.size * np.square(self.taper, dtype=np.float64).sum())).astype(np.float32)
        self.bands, self.centres = mel_bands(self.frequencies)
        self.ear = equal_loudness(self.centres)
        octaves = np.log2(self.centres)
        self.sloped = (self.centres >= 100) & (self.centres <= min(5000.0, 0.45 * rate))
        self.octaves = octaves[self.sloped] - octaves[self.sloped].mean()
        self.lags = slice(int(rate / _VOICE[1]), min(int(rate / _VOICE[0]) + 1, length))
        own = fft.irfft(np.abs(fft.rfft(self.taper, 2 * self.size)) ** 2)[: self.lags.stop]
        self.own = (own / own[0]).astype(np.float32)
        self.voiced = ((frequencies > 0) & (frequencies <= HIGHEST)).astype(np.float32)
        self.length = length
        self.last: NDArray[np.float32] | None = None

    def __call__(self, windows: Windows) -> NDArray[np.float32]:
        spectra = fft.rfft(windows.samples * self.taper, self.size)
        within = np.ascontiguousarray(spectra[:, : self.count])
        power = (within.real**2 + within.imag**2) * self.scale
        total = power.sum(axis=1)
        heard = total > SILENCE
        bands = power @ self.bands
        decibels = to_decibels(bands)
        share = power / np.maximum(total, SILENCE)[:, None]
        centroid = share @ self.frequencies
        spread = np.sqrt(np.maximum(share @ self.frequencies**2 - centroid**2, 0))
        rolloff = self.frequencies[np.argmax(np.cumsum(share, axis=1) >= 0.85 * share.sum(axis=1)[:, None], axis=1)]
        slope = decibels[:, self.sloped] @ self.octaves / (self.octaves @ self.octaves)
        flatness = np.exp(np.log(power + 1e-20).mean(axis=1)) / (power.mean(axis=1) + 1e-20)
        shape = [
            centroid,
            spread,
            rolloff,
            slope,
            np.minimum(flatness, 1),
            self._flux(share, windows.continues),
            self._crossings(within, windows.rate),
            self._periodicity(spectra),
        ]
        loudness = ((bands * self.ear) ** 0.33).sum(axis=1)
        return np.column_stack([decibels, to_decibels(total), loudness, *(column * heard for column in shape)]).astype(
            np.float32
        )

    def _flux(self, share: NDArray[np.float32], continues: bool) -> NDArray[np.float32]:
        before = self.last if continues and self.last is not None else share[:1]
        self.last = share[-1:]
        return 0.5 * np.abs(np.diff(share, axis=0, prepend=before)).sum(axis=1)

    def _crossings(self, within: NDArray[np.complex64], rate: int) -> NDArray[np.float32]:
        """Counted on the sound without what lies above 8 kHz, so that a file's rate does not matter."""
        smooth = fft.irfft(within, 2 * (self.count - 1), axis=1)
        kept = smooth[:, : int(self.length * (self.count - 1) / (self.size // 2))]
        signs = kept >= 0
        return (signs[:, 1:] != signs[:, :-1]).sum(axis=1) * np.float32(rate / self.length)

    def _periodicity(self, spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
        """The window's own autocorrelation is divided out, as in Boersma 1993."""
        power = (spectra.real**2 + spectra.imag**2) * self.voiced
        correlation = fft.irfft(power, axis=1)[:, : self.lags.stop]
        ratio = correlation[:, self.lags] / np.maximum(correlation[:, :1], 1e-20) / self.own[self.lags]
        return np.clip(ratio.max(axis=1), 0, 1)


def mel_bands(frequencies: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(bins, 40) triangles that are evenly spaced on the mel scale from 0 to 8 kHz, and their centres in Hz."""
    mel = np.linspace(0, 2595 * np.log10(1 + HIGHEST / 700), NUM_BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    at = frequencies[:, None].astype(np.float64)
    triangles = np.minimum((at - low) / (centre - low), (high - at) / (high - centre))
    return np.maximum(triangles, 0).astype(np.float32), centre


def equal_loudness(frequency: NDArray[np.float64]) -> NDArray[np.float32]:
    """The ear's sensitivity to power at about 40 phon, 1 near its best; Hermansky 1990, eq. 4."""
    squared = (2 * np.pi * frequency) ** 2
    weight = squared**2 * (squared + 56.8e6) / ((squared + 6.3e6) ** 2 * (squared + 0.38e9))
    return (weight / weight.max()).astype(np.float32)


def to_decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power relative to full scale in decibels, at least -100."""
    return 10 * np.log10(np.maximum(power, np.float32(SILENCE)))
