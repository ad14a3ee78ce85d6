"""What the app does in Python, which the browser's modules must do too."""

from detector_app.inference import Detector, load_detector
from detector_app.letterbox import Letterbox, apply_letterbox, fit_letterbox

__all__ = ["Detector", "Letterbox", "apply_letterbox", "fit_letterbox", "load_detector"]
