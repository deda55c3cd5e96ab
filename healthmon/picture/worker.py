"""The process that decodes: key frames on standard input, numbers on standard output.

``python -m healthmon.picture.worker``; started by `pool` only. It writes no file, and nothing of a
picture stays in it after its answer.
"""

from __future__ import annotations

import sys
from typing import Any, BinaryIO

from healthmon.model.picture import LEAST_APART, MOVED_CELL, SAME_APART, Change
from healthmon.picture import (
    clock_model,
    decoding,
    measuring,
    messages,
    privacy,
    recognition,
    reference,
    sandbox,
)
from healthmon.picture.clock_learning import learned_clocks
from healthmon.picture.clock_model import ClockModel
from healthmon.picture.decoding import Decoded
from healthmon.picture.messages import Message

SAME_LIGHT = 15.0  # grey levels: a larger mean change is that of a lamp, a filter or another view


def main() -> int:
    """Answer until the pipe ends."""
    unlimited = sandbox.limit()
    _load()
    missing = unlimited or sandbox.confine()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _say(sink, Message({"ready": True, "unconfined": missing}))
    while (asked := messages.read(source.read)) is not None:
        _say(sink, _answered(asked))
    return 0


def _load() -> None:
    """Use everything once: what is imported late cannot be opened any more afterwards."""
    picture = decoding.warmed()
    measuring.measured(picture)
    measuring.change(picture, picture)
    baseline = reference.Baseline()
    for number in range(reference.LEARNED):
        baseline.learn(picture, number, apart=0.0)
    reference.Baseline.read(baseline.packed()).compared(picture)
    recognition.recognised(picture, [("", baseline.packed())])
    corners = [[-1, 1], [1, 1], [1, -1]]
    masks = {"masks": [{"token": "", "corners": corners, "kind": "color", "enabled": True}]}
    privacy.hidden_by_zones(baseline, picture, masks, {})


def _say(sink: BinaryIO, message: Message) -> None:
    sink.write(message.packed())
    sink.flush()


def _answered(asked: Message) -> Message:
    """The answer, or that there is none: an error of ours in one picture ends no worker."""
    try:
        if "show" in asked.fields:
            return shown(asked)
        return clocks_learned(asked) if "times" in asked.fields else answer(asked)
    except Exception as error:  # noqa: BLE001 - told as our own trouble
        words = f"error inside healthmon: {type(error).__name__}"
        return Message({"problem": words, "bug": True}, (b"", b""))


def answer(asked: Message) -> Message:
    """The measurements of the key frames of `asked`.

    Blobs: the key frames, the learned clocks where `clock` is true, then the signature of the last
    check and the baseline (each may be empty). The answer has the signature of this check and the
    baseline, empty where it did not change.
    """
    *coded, before, known = asked.blobs
    clocks = coded.pop() if asked.fields.get("clock") else b""
    codec, most = str(asked.fields["codec"]), int(asked.fields["most_pixels"])
    try:
        several = bool(asked.fields.get("refresh"))
        pictures = [decoding.decoded(codec, data, most, several=several) for data in coded]
    except decoding.UndecodableError as error:
        return Message({"problem": str(error)}, (b"", b""))
    last = pictures[-1]
    fields = _measured(pictures, before, clocks)
    baseline = _baseline(asked, pictures, known, fields)
    if baseline is None:
        return Message(fields, (measuring.signature_bytes(last), b""))
    baseline.put_aside([float(one) for one in asked.fields.get("aside", ())])
    _compare(asked, last, baseline, fields)
    if asked.fields.get("learn"):
        baseline.learn(last, float(asked.fields["now"]), **_movement(asked, fields))
        _note_life(asked, last, baseline, fields)
    fields["aside"] = [one.began for one in baseline.aside]
    changed = baseline.packed() if baseline.changed else b""
    return Message(fields, (measuring.signature_bytes(last), changed))


def _compare(
    asked: Message, last: Decoded, baseline: reference.Baseline, fields: dict[str, Any]
) -> None:
    """Put into `fields` how the picture differs from the baseline, outside of its privacy zones."""
    masked = privacy.hidden_by_zones(baseline, last, asked.fields, fields)
    if masked is not None:
        fields |= measuring.measured(last, masked)
    fields["baseline"] = baseline.compared(last, masked)


def _measured(pictures: list[Decoded], before: bytes, clocks: bytes) -> dict[str, Any]:
    """The numbers of the last picture, and how far it is from the first one and from the signature
    `before`; what the learned `clocks` show in each.
    """
    fields = measuring.measured(pictures[-1])
    models = clock_model.unpacked(clocks) if clocks else []
    if clocks:
        fields["clocks"] = [_clocks_in(picture.luma, models) for picture in pictures]
    ticking = measuring.ticking(_cells(models, pictures[-1]))
    if len(pictures) > 1:
        fields["session"] = measuring.change(pictures[0], pictures[-1], ticking)
    if before:
        fields["between"] = measuring.change_of_signatures(before, pictures[-1], ticking)
    return fields


def _cells(models: list[ClockModel], picture: Decoded) -> list[measuring.Box]:
    """Where the digits of the clocks stand, as shares of the picture."""
    width, height = picture.size
    found = []
    for model in models:
        if model.size == picture.size:
            high, wide = model.glyphs.size
            for top, left in (cell for field in model.fields for cell in field.cells):
                box = left / width, top / height, (left + wide) / width, (top + high) / height
                found.append(box)
    return found


def _baseline(
    asked: Message, pictures: list[Decoded], known: bytes, fields: dict[str, Any]
) -> reference.Baseline | None:
    """What the last picture is compared with: the baseline of a fixed camera or of the preset, or of
    the view that a PTZ camera is recognised to show. None where nothing may be compared.
    """
    if not asked.fields.get("compare"):
        return None
    ptz = asked.fields.get("ptz")
    if ptz and recognition.has_moved(pictures[0], pictures[-1]):
        fields["camera_moved"] = True
        return None
    if ptz != "recognise":
        return reference.Baseline.read(known)
    found = recognition.recognised(pictures[-1], recognition.unbundled(known))
    fields["view"] = found.key
    if found.key:
        return found.baseline
    fields["new_view"] = found.unlike and bool(asked.fields.get("may_learn"))
    return found.baseline if fields["new_view"] else None


def shown(asked: Message) -> Message:
    """The key frame as a JPEG, for a person who asks to see it."""
    codec, most = str(asked.fields["codec"]), int(asked.fields["most_pixels"])
    several = bool(asked.fields.get("refresh"))
    try:
        return Message({}, (decoding.jpeg(codec, asked.blobs[0], most, several=several),))
    except decoding.UndecodableError as error:
        return Message({"problem": str(error)}, (b"",))


def clocks_learned(asked: Message) -> Message:
    """The clocks that are found in a whole stream: `times` are the seconds of its pictures, the blobs
    these. The answer has them as they are kept.
    """
    codec, most = str(asked.fields["codec"]), int(asked.fields["most_pixels"])
    pictures = list(zip(asked.fields["times"], asked.blobs, strict=True))
    now = float(asked.fields["now"])
    try:
        found = learned_clocks(lambda: decoding.stream(codec, pictures, most), now)
    except decoding.UndecodableError as error:
        return Message({"problem": str(error)}, (b"", b""))
    return Message({"found": len(found)}, (clock_model.packed(found, now), b""))


def _clocks_in(luma: Any, models: list[ClockModel]) -> list[dict[str, Any]]:
    """What each of the learned clocks shows in one picture; none where its size is another."""
    found = []
    for model in models:
        if model.size == (luma.shape[1], luma.shape[0]):
            digits = model.read(luma)
            across, down = model.place()
            numbers = list(model.numbers(digits).items())
            found.append(
                {"across": across, "down": down, "numbers": numbers}
                | {"margin": digits.margin, "sure": digits.sure}
            )
    return found


def _note_life(
    asked: Message, last: Decoded, baseline: reference.Baseline, fields: dict[str, Any]
) -> None:
    """What changed in the scene since the last check proves that the picture lived then."""
    fine, since = asked.fields.get("fine"), float(asked.fields.get("since", 0.0))
    between = fields.get("between", {})
    lived = between.get("scene", 0.0) >= MOVED_CELL
    if fine is not None and lived:
        baseline.lived(last, float(fine))
    alike = between.get("mean", SAME_LIGHT) < SAME_LIGHT and "ptz" not in asked.fields
    if alike and since >= SAME_APART:
        drifts = between["drift"], asked.fields.get("drift")
        drift = min(float(one) for one in drifts if one is not None)
        baseline.drifted(last, float(asked.fields["now"]), drift, lived=lived)


def _movement(asked: Message, fields: dict[str, Any]) -> dict[str, Any]:
    """How the picture moved within the session; nothing where its key frames do not tell."""
    session = fields.get("session")
    if session is None or float(asked.fields["apart"]) < LEAST_APART:
        return {}
    change = Change(apart=float(asked.fields["apart"]), **session)
    return {"moved": change.moved, "noise": change.noise}


if __name__ == "__main__":
    sys.exit(main())
