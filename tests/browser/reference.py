"""What the app does in Python, which the browser's modules must do too."""

from detector_app.models.inference import Detector, load_detector
from detector_app.models.letterbox import Letterbox, apply_letterbox, fit_letterbox

__all__ = ["Detector", "Letterbox", "apply_letterbox", "fit_letterbox", "load_detector"]
