"""What a card says of the live variant: the file that phones are given in place of the model's."""

from sightscan.model_folder import LIVE_FILE
from sightscan.publish.card.card import ModelCard
from sightscan.publish.card.parts import Section, Table, say_shipped

_NAME, _TITLE = "phones", "For phones"


def describe_for_phones(card: ModelCard) -> Section:
    """Return what phones are given: the variant with its measures, or the model itself and why."""
    live = card.live
    if live.state is None:
        why = f": {live.why}" if live.why else ""
        return Section(_NAME, _TITLE, (f"No live variant, phones get model.onnx{why}.",))
    standing = {
        "offered": "They are offered a live variant: the same network on smaller pictures.",
        "refused": "The live variant was refused: phones get model.onnx.",
    }.get(live.state, "The live variant is not judged yet: until then phones get model.onnx.")
    measured = (
        "on the same test photos"
        if live.shipped is not None
        else "as the trainer measured it, since nobody else did"
    )
    return Section(
        _NAME,
        _TITLE,
        (
            standing,
            *([f"Decision: {live.decision}."] if live.decision else []),
            f"mAP50 {live.map50:.3f}, mAP50-95 {live.map50_95:.3f}, {measured}.",
            *(say_shipped(live.shipped) if live.shipped is not None else ()),
            (
                f"{live.latency_milliseconds:.0f} ms a photo with one thread of "
                f"{live.latency_processor}, where it was trained."
            ),
        ),
        Table(
            ("what", "value"),
            (
                (f"SHA-256 of {LIVE_FILE}", live.onnx_sha256),
                ("its bytes", live.onnx_bytes),
                ("signed by", live.signed_by or "nobody"),
                ("image size, pixels", live.image_size),
                ("weights stored as", live.precision),
            ),
        ),
    )
