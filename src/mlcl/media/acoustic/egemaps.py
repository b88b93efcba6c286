"""The low-level descriptors of eGeMAPS v02, computed by openSMILE (its licence allows research only)."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import UsageError
from mlcl.media.acoustic.chunks import Chunk, chunks_of
from mlcl.media.pretrained.packages import package_version
from mlcl.media.recording import FeatureStream, Sound
from mlcl.media.specification import ExtractorSpecification

VERSION = 1
_CORE, _CONTEXT = 60, 2  # seconds that openSMILE is given at once
_STEP = 0.01
_FIRST_MIDDLE = 0.01  # seconds; the middle of openSMILE's first window of 20 ms
_SHORTEST = 0.1  # seconds; openSMILE's longest window has 60 ms
_NEAR = 0.25  # seconds; as long as an unvoiced sound within a word
_UNMEASURED = -200.5  # openSMILE writes -201 where it finds no amplitude, on some voiced rows too
_PITCH = "F0semitoneFrom27.5Hz_sma3nz"
COLUMNS: dict[str, str] = {
    "Loudness_sma3": "perceived, sone-like",
    "alphaRatio_sma3": "dB, 50 to 1000 Hz against 1 to 5 kHz",
    "hammarbergIndex_sma3": "dB, highest peak below 2 kHz against 2 to 5 kHz",
    "slope0-500_sma3": "dB per Hz",
    "slope500-1500_sma3": "dB per Hz",
    "spectralFlux_sma3": "openSMILE's",
    **{f"mfcc{number}_sma3": "openSMILE's" for number in range(1, 5)},
    _PITCH: "semitones above 27.5 Hz",
    "jitterLocal_sma3nz": "share of the period",
    "shimmerLocaldB_sma3nz": "dB",
    "HNRdBACF_sma3nz": "dB, harmonics to noise",
    "logRelF0-H1-H2_sma3nz": "dB, first to second harmonic",
    "logRelF0-H1-A3_sma3nz": "dB, first harmonic to third formant",
    **{
        f"F{number}{part}_sma3nz": unit
        for number in range(1, 4)
        for part, unit in (("frequency", "Hz"), ("bandwidth", "Hz"), ("amplitudeLogRelF0", "dB, relative to the pitch"))
    },
    "voiced": "1 where there is a pitch, else 0",
}


class EGeMaps:
    """Descriptors every 10 ms.

    openSMILE measures what is named ``_sma3nz`` on voiced sound only, and gives 0 or -201 elsewhere, which would swamp
    a word's mean. Here such a column goes on in a straight line between voiced rows that are up to 0.5 s apart, so that
    a word's mean is about that of its voiced rows; further from any voice it is 0, and so is the column ``voiced``.

    Raises:
        UsageError: If openSMILE is not installed.
    """

    def __init__(self) -> None:
        self.specification = ExtractorSpecification(
            extractor="egemaps",
            version=VERSION,
            columns=tuple(COLUMNS),
            rate=1 / _STEP,
            packages={"opensmile": package_version("opensmile", "egemaps")},
        )

    def extract(self, sound: Iterable[Sound]) -> FeatureStream:
        """Rows of a recording, as an `AcousticExtractor` gives them."""
        smile = _smile()
        names = list(COLUMNS)[:-1]
        times, values = [np.zeros(0)], [np.zeros((0, len(COLUMNS)), np.float32)]
        for chunk in chunks_of(sound, _CORE, _CONTEXT):
            table = smile.process_signal(_long_enough(chunk), chunk.rate)
            measured = np.nan_to_num(table[names].to_numpy(np.float32), posinf=0, neginf=0)
            middles = chunk.start + _FIRST_MIDDLE + _STEP * np.arange(len(measured), dtype=np.float64)
            inside = (middles >= chunk.core_start - 1e-6) & (middles < chunk.core_end - 1e-6)
            voiced = measured[:, names.index(_PITCH)] > 0
            for number, name in enumerate(names):
                if name.endswith("_sma3nz"):
                    column = measured[:, number]
                    measured[:, number] = bridge(column, voiced & (column > _UNMEASURED))
            times.append(middles[inside])
            values.append(np.column_stack([measured, voiced]).astype(np.float32)[inside])
        middles = np.concatenate(times)
        return FeatureStream(np.stack([middles - _STEP / 2, middles + _STEP / 2], axis=1), np.concatenate(values))


def bridge(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """One column: known rows as they are, a straight line between them, 0 further than 0.25 s from any."""
    places = np.flatnonzero(known)
    if not len(places):
        return np.zeros_like(values)
    rows = np.arange(len(values))
    after = np.searchsorted(places, rows).clip(0, len(places) - 1)
    nearest = np.minimum(np.abs(places[after] - rows), np.abs(places[(after - 1).clip(0)] - rows))
    return np.where(nearest * _STEP <= _NEAR, np.interp(rows, places, values[places]), 0).astype(np.float32)


def _long_enough(chunk: Chunk) -> NDArray[np.float32]:
    return np.pad(chunk.samples, (0, max(0, int(_SHORTEST * chunk.rate) - len(chunk.samples))))


def _smile() -> Any:
    try:
        import opensmile
    except ImportError as error:
        raise UsageError("egemaps needs openSMILE, which is not installed: pip install 'mlcl[egemaps]'") from error
    return opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
