"""What a card says, as headings, sentences and tables: page and card.md are made of these alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from sightscan.dataset_folder import SPLITS
from sightscan.publish.card.card import CardSight, ModelCard
from sightscan.publish.card.evidence import NOTHING, MatchedPhoto, calibration_error
from sightscan.publish.card.parts import Section, Table, moment, say_shipped
from sightscan.publish.card.phones import describe_for_phones
from sightscan.publish.shown import CONFIDENCE_BINS

# Rows of the training's table; a drawing has all epochs.
MAX_EPOCHS_TOLD = 12
SHORT_HASH = 12
_TOLD_OF_EPOCHS = ("val_map50", "val_map50_95", "box_loss", "obj_loss", "class_loss")


def title_of(card: ModelCard) -> str:
    """Return the card's own heading."""
    return f"{card.facts.city_name}: model {card.facts.model_version}"


def sections_of(card: ModelCard, *, is_kept: bool = False) -> list[Section]:
    """Return what the card says, in its order.

    One that is kept, and not written anew when another model is put in place, does not say which is.
    """
    return [
        _standing(card, is_kept=is_kept),
        _sights(card),
        _shipped(card),
        describe_for_phones(card),
        _licences(card),
        _training(card),
        _confusions(card),
        _reliability(card),
        _photos("best", "The best test photos", card, card.best),
        _photos("worst", "The worst test photos", card, card.worst),
        _cost(card),
        _publications(card),
        _file(card),
    ]


def _standing(card: ModelCard, *, is_kept: bool) -> Section:
    facts = card.facts
    if facts.is_in_place:
        standing = "In place: the app offers it."
    elif facts.state == "published":
        standing = "Published once, and not in place now."
    elif facts.state == "refused":
        standing = "Refused: it was never in place."
    else:
        standing = "Registered, and not judged yet."
    says_standing = not (is_kept and facts.state == "published")
    return Section(
        "standing",
        "Standing",
        (
            *([standing] if says_standing else []),
            *([f"Decision: {facts.decision}"] if facts.decision else []),
            f"mAP50 {facts.map50:.3f}, mAP50-95 {facts.map50_95:.3f} on {facts.test_count} frozen test "
            f"photos, {facts.test_background_count} of them without a sight"
            + ("." if facts.decision else ", as the trainer measured it."),
            f"Registered {moment(facts.recorded_at)}; this card is as of {moment(card.written_at)}.",
        ),
    )


def _sights(card: ModelCard) -> Section:
    facts = card.facts
    shown = sum(one.is_shown for one in card.sights)
    return Section(
        "sights",
        "Sights",
        (
            f"{shown} of {len(card.sights)} are shown: the app names these, the others never.",
            (
                "AP is average precision on the test photos, at an overlap of a half and over overlaps "
                "from 0.50 to 0.95."
            ),
            (
                f"Photos without any of the sights: {facts.train_background_count} in training, "
                f"{facts.val_background_count} in validation, {facts.test_background_count} in the test."
            ),
        ),
        Table(
            ("sight", "shown", "train photos", "val photos", "test photos", "AP50", "AP50-95"),
            tuple(
                (
                    one.name,
                    "yes" if one.is_shown else f"no: {_why_hidden(one)}",
                    *(one.photos.get(split, 0) for split in SPLITS),
                    one.judged.get("map50"),
                    one.judged.get("map50_95"),
                )
                for one in card.sights
            ),
        ),
    )


def _why_hidden(sight: CardSight) -> str:
    photos = sight.judged.get("photos")
    if not photos:
        return "no test photo shows it"
    return (
        f"not surely known, AP50 {sight.judged['map50']:.2f} on {photos} test "
        f"photo{'' if photos == 1 else 's'}"
    )


def _shipped(card: ModelCard) -> Section:
    shipped = card.facts.shipped
    if shipped is None:
        return Section(
            "shipped",
            "As people get it",
            ("Not measured: it was not judged, or by an older version.",),
        )
    milliseconds = shipped.get("milliseconds")
    return Section(
        "shipped",
        "As people get it",
        (
            (
                "What is shown on the test photos: of each sight the boxes whose confidence reaches its "
                "threshold. A name is right if its box overlaps one of the sight by half."
            ),
            *say_shipped(shipped),
            *([f"{milliseconds:.0f} ms a photo, where it was judged."] if milliseconds else []),
        ),
        Table(
            ("sight", "threshold", "names", "precision", "boxes", "recall"),
            tuple(
                (
                    one.name,
                    one.shipped.get("threshold"),
                    one.shipped.get("names"),
                    one.shipped.get("precision"),
                    one.shipped.get("boxes"),
                    one.shipped.get("recall"),
                )
                for one in card.sights
                if one.is_shown
            ),
        ),
    )


def _licences(card: ModelCard) -> Section:
    facts = card.facts
    total = facts.train_count + facts.val_count + facts.test_count
    return Section(
        "licences",
        "Photos and licences",
        (
            (
                f"{total} photos: {facts.train_count} train, {facts.val_count} choose the epoch, "
                f"{facts.test_count} judge. Each is counted once, by where it was found first."
            ),
            "Whom to name for each photo is in mart.photo_attribution.",
        ),
        Table(
            ("licence", "photos", "authors", "without a named author"),
            tuple(
                ("taken down since", one.photo_count, None, None)
                if one.licence is None
                else (one.licence, one.photo_count, one.author_count, one.unnamed_count)
                for one in card.licences
            ),
        ),
    )


def _training(card: ModelCard) -> Section:
    request = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in card.facts.request.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    )
    epochs = card.facts.epoch_metrics
    if not epochs:
        return Section(
            "training", "Training", (f"Asked for: {request}.", "Its epochs are not recorded.")
        )
    best = max(epochs, key=lambda one: one.get("val_map50_95") or 0)
    told = _some(epochs, best)
    return Section(
        "training",
        "Training",
        (
            f"Asked for: {request}.",
            f"{len(epochs)} epochs; the best mAP50-95 on the validation photos was "
            f"{best.get('val_map50_95') or 0:.3f}, in epoch {best.get('epoch')}."
            + (f" {len(told)} of them are listed." if len(told) < len(epochs) else ""),
        ),
        Table(
            ("epoch", "val mAP50", "val mAP50-95", "loss box", "loss object", "loss class"),
            tuple(
                (
                    one.get("epoch"),
                    *(None if one.get(key) is None else float(one[key]) for key in _TOLD_OF_EPOCHS),
                )
                for one in told
            ),
        ),
    )


def _some(epochs: Sequence[Mapping[str, Any]], best: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return at most so many epochs evenly spread: with the first, the last and the best."""
    step = max(1, -(-len(epochs) // (MAX_EPOCHS_TOLD - 2)))
    last = len(epochs) - 1
    return [
        one
        for number, one in enumerate(epochs)
        if number % step == 0 or number == last or one is best
    ]


def _confusions(card: ModelCard) -> Section:
    if not card.photos:
        return _not_recorded("confusion", "What is taken for what")
    names = [one.name for one in card.sights]
    numbers = [*range(1, len(names) + 1)]
    return Section(
        "confusion",
        "What is taken for what",
        (
            (
                "Each row is what is there, each column what is shown; right names are on the diagonal. "
                "The last row is where nothing is, the last column what got no name."
            ),
        ),
        Table(
            ("there", *map(str, numbers), "no name"),
            tuple(
                (label, *counts)
                for label, counts in zip(
                    [
                        *(f"{number} {name}" for number, name in zip(numbers, names, strict=True)),
                        "nothing",
                    ],
                    card.confusions,
                    strict=True,
                )
            ),
        ),
    )


def _reliability(card: ModelCard) -> Section:
    if not card.photos:
        return _not_recorded("reliability", "How sure it is, and how right")
    error = calibration_error(card.bins)
    return Section(
        "reliability",
        "How sure it is, and how right",
        (
            "Of names with a confidence of 0.8, eight of ten should be right.",
            "No name was shown."
            if error is None
            else f"Expected calibration error {error:.3f} over {sum(one.count for one in card.bins)} names.",
        ),
        Table(
            ("confidence", "names", "mean confidence", "right"),
            tuple(
                (
                    f"{one.least:.1f} to {one.least + 1 / CONFIDENCE_BINS:.1f}",
                    one.count,
                    one.mean_confidence,
                    one.right_share,
                )
                for one in card.bins
                if one.count
            ),
        ),
    )


def _photos(name: str, title: str, card: ModelCard, photos: list[MatchedPhoto]) -> Section:
    if not card.photos:
        return _not_recorded(name, title)
    about = (
        "A photo's mark is the overlaps of its right boxes, added up and divided by the number of boxes "
        "that are there or shown wrongly; 1 is perfect."
        if name == "best"
        else "Those with the lowest marks, the surest wrong names first."
    )
    if not photos:
        about = (
            "None: on every test photo something was missed."
            if name == "best"
            else ("None: on every test photo, all that is there was shown, and nothing else.")
        )
    return Section(
        name,
        title,
        (about,),
        Table(
            ("photo", "mark", "there", "shown"),
            tuple(
                (
                    photo.row.sha256.hex()[:SHORT_HASH],
                    photo.mark,
                    say_there(photo, card.facts.class_names),
                    say_shown(photo, card.facts.class_names),
                )
                for photo in photos
            ),
        )
        if photos
        else None,
    )


def say_there(photo: MatchedPhoto, names: Sequence[str]) -> str:
    """Return the sights on a photo."""
    return ", ".join(names[number] for number, _ in photo.truths) or "nothing"


def say_shown(photo: MatchedPhoto, names: Sequence[str]) -> str:
    """Return what was shown on a photo, how sure, and what is wrong with it."""
    said = [
        f"{names[one.class_number]} {one.confidence:.2f}"
        + ("" if one.is_right else f" (wrong: {_under(one.lies_on, names)})")
        for one in photo.shown
    ]
    said += [f"no name for {names[number]}" for number in photo.missed]
    return ", ".join(said) or "nothing"


def _under(class_number: int, names: Sequence[str]) -> str:
    return "nothing new is there" if class_number == NOTHING else f"it is {names[class_number]}"


def _cost(card: ModelCard) -> Section:
    cost = card.cost
    return Section(
        "cost",
        "What its run cost",
        (
            f"{cost.usd:.2f} USD in all"
            + (
                ", so far: the GPU still ran when this card was written."
                if cost.is_running
                else "."
            ),
            f"Run {card.facts.run_id} of {card.facts.dag_id}.",
        ),
        Table(
            ("what", "amount", "USD"),
            (
                ("Google Vision, images", cost.image_count, cost.image_usd),
                ("GPU, seconds", round(cost.gpu_seconds), cost.gpu_usd),
                ("Google Places", None, cost.other_usd),
            ),
        ),
    )


def _publications(card: ModelCard) -> Section:
    if not card.publications:
        return Section("publications", "Who put it in place", ("Nobody: it was never in place.",))
    return Section(
        "publications",
        "Who put it in place",
        (),
        Table(
            ("when", "who", "why", "taken back"),
            tuple(
                (
                    moment(one.published_at),
                    one.published_by,
                    one.reason,
                    None
                    if one.rolled_back_at is None
                    else f"{moment(one.rolled_back_at)} by {one.rolled_back_by}: {one.rolled_back_reason}",
                )
                for one in card.publications
            ),
        ),
    )


def _file(card: ModelCard) -> Section:
    facts = card.facts
    return Section(
        "file",
        "Its file, and what it was made of",
        (),
        Table(
            ("what", "value"),
            (
                ("SHA-256 of model.onnx", facts.onnx_sha256),
                ("its bytes", facts.onnx_bytes),
                ("signed by", facts.signed_by or "nobody"),
                ("image size, pixels", facts.image_size),
                ("dataset", facts.dataset_version),
                ("SHA-256 of the dataset", facts.dataset_sha256),
            ),
        ),
    )


def _not_recorded(name: str, title: str) -> Section:
    return Section(
        name,
        title,
        ("Not recorded photo by photo: it was not judged, or by an older version of SightScan.",),
    )
