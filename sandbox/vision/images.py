"""Annotate one image as Google Vision does: count it, recognise it, answer in its own pixels.

An image that Vision cannot read gets an error of its own; the others of its request are answered.
"""

import hashlib
import io
import threading
from dataclasses import dataclass

from google.cloud import vision
from google.rpc import code_pb2
from PIL import Image, UnidentifiedImageError

from sandbox.counts import Counts
from sandbox.vision.landmark_answers import Landmark, VisionErrors, landmarks_on
from sandbox.world.city_facts import CityFacts
from sandbox.world.photo_recognition import KnownPicture, PhotoRecogniser
from sandbox.world.upright import orientation_of, upright_size
from sandbox.world.world import World

LANDMARKS = vision.Feature.Type.LANDMARK_DETECTION
MAX_LANDMARKS = 10
BAD_IMAGE = "Bad image data."


@dataclass(frozen=True)
class VisionLimits:
    """The documented limits of synchronous requests."""

    images_per_request: int = 16
    request_bytes: int = 10 * 1024**2
    image_bytes: int = 20 * 1024**2
    image_pixels: int = 75_000_000
    requests_per_minute: float = 1800


class BadImageError(ValueError):
    """Bytes that Vision cannot read as an image."""


@dataclass(frozen=True)
class _Sent:
    """A picture as it was sent: its size in pixels and what it shows of which city, None if unknown."""

    width: int
    height: int
    known: tuple[KnownPicture, CityFacts] | None


class ImageAnnotator:
    """Google Vision's answer to one image of a world's cities, safe to use from several threads."""

    def __init__(
        self,
        world: World,
        facts: CityFacts,
        counts: Counts,
        errors: VisionErrors,
        limits: VisionLimits,
    ) -> None:
        self._counts = counts
        self._errors = errors
        self._limits = limits
        self._cities = [
            (PhotoRecogniser(shown), near)
            for shown, near in zip(world.cities, facts.cities, strict=True)
        ]
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def annotate(self, request: vision.AnnotateImageRequest) -> vision.AnnotateImageResponse:
        """Return the landmarks of an image, nothing, or an error; count it in any case."""
        content = request.image.content
        if not content:
            return self._without_content(request)
        self._count(content)
        most = next((f.max_results or MAX_LANDMARKS for f in _landmark_features(request)), 0)
        if not most:
            return vision.AnnotateImageResponse()
        try:
            sent = self._look_at(content)
        except BadImageError as error:
            self._counts.add("vision", "image_errors")
            return image_error(code_pb2.INVALID_ARGUMENT, str(error))
        found = landmarks_on(*sent.known, self._errors) if sent.known else ()
        return vision.AnnotateImageResponse(
            landmark_annotations=[
                annotation_of(landmark, sent.width, sent.height) for landmark in found[:most]
            ]
        )

    def _without_content(
        self, request: vision.AnnotateImageRequest
    ) -> vision.AnnotateImageResponse:
        self._counts.add("vision", "image_errors")
        if request.image.source:
            # The sandbox never fetches anything.
            return image_error(code_pb2.PERMISSION_DENIED, "We can not access the URL currently.")
        return image_error(code_pb2.INVALID_ARGUMENT, "Request must specify image and features.")

    def _count(self, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            is_repeated = digest in self._seen
            self._seen.add(digest)
        self._counts.add("vision", "images")
        if is_repeated:
            self._counts.add("vision", "images_repeated")

    def _look_at(self, content: bytes) -> _Sent:
        """Return what the picture shows; raise BadImageError if it is too big or no picture."""
        if len(content) > self._limits.image_bytes:
            raise BadImageError(BAD_IMAGE)
        try:
            with Image.open(io.BytesIO(content)) as picture:
                # Invented: that boxes are meant on the upright picture.
                width, height = upright_size(picture.size, orientation_of(picture))
                if width * height > self._limits.image_pixels:
                    raise BadImageError(BAD_IMAGE)
                picture.load()  # a picture that is cut off must not be recognised
            # The first recognition reads the whole world: once, not once a thread.
            with self._lock, Image.open(io.BytesIO(content)) as picture:
                return _Sent(width, height, self._recognise(content, picture))
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise BadImageError(BAD_IMAGE) from error

    def _recognise(
        self, content: bytes, picture: Image.Image
    ) -> tuple[KnownPicture, CityFacts] | None:
        for recogniser, facts in self._cities:
            if (known := recogniser.recognise(content, picture)) is not None:
                return known, facts
        return None


def image_error(code: int, message: str) -> vision.AnnotateImageResponse:
    """Return the answer to an image that failed by itself."""
    return vision.AnnotateImageResponse(error={"code": code, "message": message})


def _landmark_features(request: vision.AnnotateImageRequest) -> list[vision.Feature]:
    return [feature for feature in request.features if feature.type_ == LANDMARKS]


def annotation_of(landmark: Landmark, width: int, height: int) -> vision.EntityAnnotation:
    """Return a landmark in pixels of the picture that was sent."""
    left, right = round(landmark.left * width), round(landmark.right * width)
    top, bottom = round(landmark.top * height), round(landmark.bottom * height)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    point = {"latitude": landmark.latitude, "longitude": landmark.longitude}
    return vision.EntityAnnotation(
        mid=landmark.mid,
        description=landmark.description,
        score=landmark.score,
        bounding_poly={"vertices": [{"x": x, "y": y} for x, y in corners]},
        locations=[] if landmark.latitude is None else [{"lat_lng": point}],
    )
