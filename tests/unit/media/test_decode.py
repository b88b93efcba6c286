"""What is a recording and what is not, and what one says of itself."""

import os
import struct
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from making_recordings import RATE, SIZE, stamped, write_recording
from mlcl.errors import DataError, UsageError
from mlcl.media.decode import Faults, facts, read_pictures, read_sound
from mlcl.media.decode import packets as decode_packets

READERS = {
    "facts": facts,
    "sound": lambda path: list(read_sound(path)),
    "pictures": lambda path: list(read_pictures(path, rate=10)),
}
TEXT = b"This is no recording, whatever it is called.\n" * 40


def jpeg() -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = *SIZE, "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(stamped(0.0), format="rgb24")
    return b"".join(bytes(packet) for part in (frame, None) for packet in encoder.encode(part))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("made") / "talk.mp4", seconds=2, beeps=[1.0])


def playlist(target: Path) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n".encode()


# name of the file: its content, what the line says
WRONG: dict[str, tuple[bytes, str]] = {
    "empty.mp4": (b"", "is empty"),
    "text.mp4": (TEXT, "is not a recording"),
    "text.mp3": (TEXT, "is not a recording"),
    "text.txt": (TEXT, "is not a recording in a format"),
    "text.aac": (TEXT, "is not a recording"),
    "zeros.mp4": (bytes(50_000), "is not a recording"),
    "photo.jpg": (jpeg(), "is a picture"),
    "photo.mp4": (jpeg(), "is a picture"),
    "photo%d.jpg": (jpeg(), "is a picture"),
    "drawing.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a picture"),
    "photo.heic": (b"\0\0\0\x18ftypheic" + bytes(100), "is a picture"),
    "words.srt": (b"1\n00:00:01,000 --> 00:00:02,000\nhello\n\n" * 9, "is not a recording in a format"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_recording_is_refused_in_a_line(tmp_path: Path, name: str, reader: str) -> None:
    content, says = WRONG[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        READERS[reader](path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value), "it names a next step"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_mp4_is_refused(recording: Path, tmp_path: Path, share: float) -> None:
    content = recording.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="its beginning or end is lost"):
        facts(path)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.ffconcat", "list.mpd"])
def test_no_list_makes_it_open_another_file(recording: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    concat = f"ffconcat version 1.0\nfile {recording.name}\n".encode()
    (tmp_path / recording.name).write_bytes(recording.read_bytes())
    path.write_bytes(concat if name.endswith("concat") else playlist(recording))
    with pytest.raises(DataError, match="is not a recording"):
        facts(path)


def test_a_playlist_would_open_another_file_by_itself(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_bytes(playlist(recording))
    with av.open(str(path)) as container:
        assert container.streams.video


@pytest.mark.parametrize(
    "name", ["http://localhost:1/talk.mp4", "concat:{0}|{0}", "file:{0}", "pipe:0", "subfile,,start,0,end,0,,:{0}", "-"]
)
def test_names_are_never_addresses(recording: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        facts(name.format(recording))


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path, tmp_path / "pipe.mp4", Path("/dev/zero"), tmp_path / "nul\0l.mp4"):
        with pytest.raises(DataError, match="cannot be read"):
            facts(path)


def test_facts_are_those_of_the_recording(recording: Path) -> None:
    found = facts(recording)
    assert found.path == recording
    assert found.duration == pytest.approx(2, abs=0.05)
    assert (found.sample_rate, found.size) == (RATE, SIZE)


def test_the_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    assert facts(write_recording(tmp_path / "a.mp4", seconds=0.2, rotation=90)).size == SIZE[::-1]
    assert facts(write_recording(tmp_path / "b.mp4", seconds=0.2, rotation=180)).size == SIZE


def test_a_missing_stream_is_no_error(tmp_path: Path) -> None:
    heard = write_recording(tmp_path / "heard.mp3", seconds=1, pictures=None, sound="libmp3lame")
    seen = write_recording(tmp_path / "seen.webm", seconds=1, sound=None, pictures="libvpx")
    assert (facts(heard).size, facts(seen).sample_rate) == (None, None)
    assert list(read_pictures(heard, rate=10)) == list(read_sound(seen)) == []
    assert list(read_sound(heard))
    assert list(read_pictures(seen, rate=10))


def test_a_cover_is_no_moving_picture(tmp_path: Path) -> None:
    heard = write_recording(tmp_path / "heard.mp3", seconds=1, pictures=None, sound="libmp3lame")
    cover = b"\0image/jpeg\0\x03\0" + jpeg()
    frame = b"APIC" + struct.pack(">IH", len(cover), 0) + cover
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    path = tmp_path / "covered.mp3"
    path.write_bytes(b"ID3\x03\0\0" + size + frame + heard.read_bytes())
    with av.open(str(path)) as container:
        assert container.streams.video, "ffmpeg has it as a video"
    assert facts(path).size is None
    assert list(read_pictures(path, rate=10)) == []
    assert list(read_sound(path))


def test_numbers_of_a_header_are_not_believed(tmp_path: Path) -> None:
    wav = write_recording(tmp_path / "a.wav", seconds=0.5, pictures=None, sound="pcm_s16le").read_bytes()
    place = wav.index(b"fmt ") + 8
    for name, offset, kind, number in (("rate", 4, "<I", 2**31 - 1), ("channels", 2, "<H", 5000)):
        path = tmp_path / f"{name}.wav"
        path.write_bytes(
            wav[: place + offset] + struct.pack(kind, number) + wav[place + offset + struct.calcsize(kind) :]
        )
        for reader in ("facts", "sound"):
            with pytest.raises(DataError, match=r"has sound of|holds neither sound"):
                READERS[reader](path)


def test_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    class Stream:
        width, height = 8192, 8193

    with pytest.raises(DataError, match="8192 x 8193; at most 8192 x 8192"):
        decode_packets.check(Stream(), Path("a.mp4"))
    Stream.height = 8192
    decode_packets.check(Stream(), Path("a.mp4"))


def test_without_the_package_a_line_says_what_to_install(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match=r"pip install 'mlcl\[clips\]'"):
        facts(recording)


def damage(path: Path, kind: str, which: slice, byte: int = 0xFF) -> int:
    """Overwrite the middle of some packets of a stream in the file; returns how many."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        packets = [(packet.pos, packet.size) for packet in container.demux(stream) if packet.size]
    content = bytearray(path.read_bytes())
    for pos, size in packets[which]:
        content[pos : pos + size] = bytes([byte]) * size
    path.write_bytes(content)
    return len(packets[which])


def test_a_bad_packet_costs_itself_only(tmp_path: Path) -> None:
    times = np.arange(4 * RATE) / RATE  # tones: aac replaces noise by noise of its own
    samples = sum(0.1 * np.sin(2 * np.pi * hertz * times) for hertz in (300, 1100, 2300)).astype(np.float32)
    whole = write_recording(tmp_path / "whole.mp4", samples=samples, options={})
    path = tmp_path / "bad.mp4"
    path.write_bytes(whole.read_bytes())
    assert damage(path, "audio", slice(60, 64)) == 4
    faults = Faults()
    bad = joined(path, faults)
    good = joined(whole, Faults())
    assert faults.count > 0
    assert faults.first
    assert len(bad) == len(good)
    lost = slice(57 * 1024, 68 * 1024)
    outside = np.ones(len(good), bool)
    outside[lost] = False
    np.testing.assert_allclose(bad[outside], good[outside], atol=2e-3)
    assert np.abs(bad[62 * 1024 : 63 * 1024]).mean() < 0.5 * np.abs(good).mean(), "what is lost is silent"


def joined(path: Path, faults: Faults) -> Any:
    return np.concatenate([sound.samples for sound in read_sound(path, faults=faults)])


def test_bad_packets_cost_pictures_and_no_sound(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "bad.mp4", pictures="mpeg4", options={})
    before = joined(path, Faults())
    assert damage(path, "video", slice(None), 0x00) > 10
    faults = Faults()
    assert len(list(read_pictures(path, rate=25, faults=faults))) < 100
    assert faults.count > 0
    np.testing.assert_array_equal(joined(path, Faults()), before)
