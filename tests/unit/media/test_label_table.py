"""The table of labels: which rows are which items, and one clear error with the row for each that is none."""

from pathlib import Path

import pytest

from mlcl.errors import DataError
from mlcl.media.jobs import Job, Stretch, find_jobs
from mlcl.media.label_table import LabelledItem, label_jobs

RECORDINGS = ("talk.mp4", "b.wav", "sub/c.mp4", "other/c.mp4")


@pytest.fixture
def jobs(workplace: Path) -> list[Job]:
    for name in RECORDINGS:
        (workplace / "rec" / name).parent.mkdir(parents=True, exist_ok=True)
        (workplace / "rec" / name).touch()
    return find_jobs([workplace / "rec"])[0]


def read(jobs: list[Job], text: str | bytes) -> tuple[dict[str, Job], list[LabelledItem]]:
    table = Path("labels.csv")
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    found, items = label_jobs(table, jobs)
    return {job.key: job for job in found}, items


def test_one_row_is_one_whole_recording(jobs: list[Job]) -> None:
    found, items = read(jobs, "file,label,split,speaker\ntalk.mp4,1.5,train,Ann\nb.wav,,dev,\n")
    assert found["talk.mp4"].stretches == (Stretch("talk", speaker="Ann"),)
    assert found["b.wav"].stretches == (Stretch("b"),)
    assert [(item.id, item.key, item.cells) for item in items] == [
        ("talk", "talk.mp4", {"label": "1.5", "split": "train", "speaker": "Ann"}),
        ("b", "b.wav", {"label": "", "split": "dev", "speaker": ""}),
    ]
    assert items[0].place.endswith("2")
    assert items[1].place.endswith("3")


def test_rows_with_times_are_stretches_in_the_order_of_the_table(jobs: list[Job]) -> None:
    text = "file,label,start,end,text\ntalk.mp4,1,4,6,second\ntalk.mp4,2,0,3.5,\ntalk.mp4,3,7,,\ntalk.mp4,4,,1,\n"
    found, items = read(jobs, text)
    assert found["talk.mp4"].stretches == (
        Stretch("talk_1", 4.0, 6.0, "second"),
        Stretch("talk_2", 0.0, 3.5),
        Stretch("talk_3", 7.0, None),
        Stretch("talk_4", None, 1.0),
    )
    assert [item.cells["label"] for item in items] == ["1", "2", "3", "4"]


def test_ids_of_the_table_are_kept(jobs: list[Job]) -> None:
    _, items = read(jobs, "file,label,id\ntalk.mp4,1,first\ntalk.mp4,2,second\n")
    assert [item.id for item in items] == ["first", "second"]


@pytest.mark.parametrize("name", ["talk.mp4", "talk", "./talk.mp4"])
def test_a_recording_is_named_with_or_without_its_suffix(jobs: list[Job], name: str) -> None:
    assert list(read(jobs, f"file,label\n{name},1\n")[0]) == ["talk.mp4"]


@pytest.mark.parametrize("name", ["sub/c.mp4", "sub/c"])
def test_a_recording_in_a_folder_is_named_by_its_path(jobs: list[Job], name: str) -> None:
    found, items = read(jobs, f"file,label\n{name},1\n")
    assert list(found) == ["sub/c.mp4"]
    assert items[0].id == "sub-c.mp4"


def test_several_labels_and_columns_of_the_users_own(jobs: list[Job]) -> None:
    _, items = read(jobs, "file,label_joy,label_fear,_who,_note\ntalk.mp4,1,0,me,x\n")
    assert items[0].cells == {"label_joy": "1", "label_fear": "0"}


@pytest.mark.parametrize(
    "table",
    [
        "\ufefffile,label\ntalk.mp4,1\n",
        "file\tlabel\r\ntalk.mp4\t1\r\n",
        'file , label\n"talk.mp4", 1 \n\n\n',
    ],
)
def test_tables_come_as_spreadsheets_write_them(jobs: list[Job], table: str) -> None:
    found, items = read(jobs, table)
    assert (list(found), items[0].cells) == (["talk.mp4"], {"label": "1"})


def test_a_transcript_is_found_from_the_folder_of_the_table(jobs: list[Job], workplace: Path) -> None:
    Path("words").mkdir()
    Path("words/talk.srt").touch()
    found, _ = read(jobs, "file,label,transcript\ntalk.mp4,1,words/talk.srt\n")
    assert found["talk.mp4"].transcript == workplace / "words" / "talk.srt"


WRONG = {
    "file,label\nquite new,1\n": r"row 2: names 'quite new', which is not among the recordings; correct it",
    "file,label\ntalc.mp4,1\n": r"row 2: names 'talc\.mp4', .* did you mean 'talk\.mp4'\?",
    "file,label\nc.mp4,1\n": r"row 2: names 'c\.mp4', which may be other/c\.mp4, sub/c\.mp4; write the whole path",
    "file,label\n,1\n": r"row 2: names '', which is not among",
    "file,label\ntalk.mp4,1\ntalk.mp4,2\n": r"row 3: names the item 'talk' again, as .*row 2; give each start and end",
    "file,label,id\ntalk.mp4,1,x\nb.wav,2,x\n": r"row 3: names the item 'x' again",
    "file,label,start\ntalk.mp4,1,soon\n": r"row 2: start is 'soon'; give seconds from the recording's beginning",
    "file,label,start\ntalk.mp4,1,-1\n": r"row 2: start is '-1'; give seconds",
    "file,label,start\ntalk.mp4,1,nan\n": r"row 2: start is 'nan'; give seconds",
    "file,label,end\ntalk.mp4,1,1e9\n": r"row 2: end is '1e9'; give seconds",
    "file,label,start\ntalk.mp4,1,0:12\n": r"row 2: start is '0:12'; give seconds .* as in 12\.5",
    "file,label,start,end\ntalk.mp4,1,3,3\n": r"row 2: starts at 3 and ends at 3 seconds; the end must be later",
    "file,label,transcript\ntalk.mp4,1,gone.srt\n": r"row 2: names 'gone\.srt', which does not exist",
    "file,label,transcript\ntalk.mp4,1,../x.srt\n": r"row 2: names '\.\./x\.srt', outside of the folder",
    "file,label,transcript,start\ntalk.mp4,1,a.srt,0\ntalk.mp4,1,b.srt,3\n": r"row 3: names 'b\.srt' as the transcript",
    "file,labels\ntalk.mp4,1\n": r"has a column 'labels'; did you mean 'label'\? allowed: file, label",
    "file,label_\ntalk.mp4,1\n": r"has no column 'label', nor any 'label_NAME'; add one",
    "file\ntalk.mp4\n": r"has no column 'label', nor any 'label_NAME'; add one, empty where a label is not known",
    "file,label,label_joy\ntalk.mp4,1,1\n": r"has columns 'label' and 'label_joy'; name all labels or none",
    "name,label\ntalk.mp4,1\n": r"has no column file; needed are file, found 'name', 'label'",
    "file;label\ntalk.mp4;1\n": r"separates columns by semicolons; save it with commas",
    "file,label,label\ntalk.mp4,1,2\n": r"label",
    "file,label\ntalk.mp4,1,2\n": r"row 2",
    "file,label\n": r"has no rows below its header",
    "": r"labels\.csv",
}


@pytest.mark.parametrize("table", WRONG)
def test_what_is_wrong_is_said_with_its_row_and_the_next_step(jobs: list[Job], table: str) -> None:
    Path("a.srt").touch()
    Path("b.srt").touch()
    with pytest.raises(DataError, match=WRONG[table]) as caught:
        read(jobs, table)
    assert str(caught.value).startswith("labels.csv")
    assert len(str(caught.value)) < 300


def test_a_table_that_is_no_utf8_is_refused_before_its_names_are_misread(jobs: list[Job]) -> None:
    with pytest.raises(DataError, match=r"labels\.csv: is not UTF-8; save it as UTF-8"):
        read(jobs, "file,label,speaker\ntalk.mp4,1,Zoë\n".encode("latin-1"))


def test_hostile_names_are_escaped_and_cut(jobs: list[Job]) -> None:
    with pytest.raises(DataError) as caught:
        read(jobs, f"file,label\n\x1b[31m{'x' * 5000},1\n")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300
