"""Learn from the validation photos how a model is read: what a score is worth, and what is shown."""

from typing import Any

from trainer.answers import SplitAnswers
from trainer.calibration import fit_calibration
from trainer.decoding import IDENTITY, SHOWN_OVERLAP, Decoding
from trainer.metrics import collect_names
from trainer.progress import say
from trainer.thresholds import choose_thresholds

# From which on a name counts.
_MIN_SCORE = 0.01


def learn_decoding(val: SplitAnswers, class_count: int) -> tuple[Decoding, dict[str, Any]]:
    """Return how a model is read, by what it said of the validation photos, and what is to be known of that."""
    everything = Decoding(SHOWN_OVERLAP, IDENTITY, (_MIN_SCORE,) * class_count)
    names = collect_names(val.show(everything), class_count)
    calibration = fit_calibration(names)
    thresholds = choose_thresholds(names, calibration)
    alarms = (
        "no photo without a sight to learn from"
        if thresholds.bound is None
        else f"{thresholds.false_alarms:.1%} of {thresholds.backgrounds} photos without a sight get a "
        f"name, at most {thresholds.bound:.1%} of all such with 95 % certainty"
    )
    say(
        f"names are shown from {min(thresholds.confidences):.0%} to "
        f"{max(thresholds.confidences):.0%} confidence on ({calibration.kind}); {alarms}"
    )
    return Decoding(SHOWN_OVERLAP, calibration.table, thresholds.confidences), {
        "photos": len(val.photos),
        "names": len(names.scores),
        "curve": calibration.kind,
        # On val photos that it was not fitted to, and if every confidence were true.
        "expected_calibration_error": calibration.error,
        "calibration_error_by_chance": calibration.error_by_chance,
        "background_photos": thresholds.backgrounds,
        "false_alarms": thresholds.false_alarms,
        "false_alarms_bound": thresholds.bound,
    }
