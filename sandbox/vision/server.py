"""The stand-in of Google Vision: a gRPC server for ImageAnnotator/BatchAnnotateImages.

It speaks to the real client library: a generic handler over the library's message classes, since
the library ships no service descriptor. Limits are those documented by Google; what it answers is in
`landmark_answers`. It serves without TLS.

Modelled on the documented answers, limits and errors, and on the real library's messages. Invented:
how often it errs.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.cloud import vision
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from sandbox.counts import Counts
from sandbox.ports import LOOPBACK, ON_LOOPBACK, Listening
from sandbox.processes.startable import Startable
from sandbox.rates import TokenBucket
from sandbox.vision.faults import VisionFault, VisionFaults
from sandbox.vision.images import ImageAnnotator, VisionLimits, image_error
from sandbox.vision.landmark_answers import VisionErrors
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World

SERVICE, METHOD = "google.cloud.vision.v1.ImageAnnotator", "BatchAnnotateImages"
THREADS = 16
STOP_SECONDS = 1
# Bigger messages than allowed must arrive, to be refused in Google's words instead of gRPC's.
MAX_MESSAGE_BYTES = 128 * 1024**2


class VisionServer(Startable):
    """Google Vision about one world; port 0 lets the system choose."""

    def __init__(  # noqa: PLR0917 - the supervisor's interface
        self,
        world: World,
        facts: CityFacts,
        counts: Counts,
        port: int = 0,
        errors: VisionErrors = VisionErrors(),  # noqa: B008 - frozen
        latency_seconds: float = 0.05,
        *,
        limits: VisionLimits = VisionLimits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        listening: Listening = ON_LOOPBACK,
    ) -> None:
        self.port = port
        self._listening = listening
        self._counts = counts
        self._latency_seconds = latency_seconds
        self._limits = limits
        self._quota = TokenBucket(limits.requests_per_minute, clock=clock)
        self._faults = VisionFaults()
        self._annotator = ImageAnnotator(world, facts, counts, errors, limits)
        self._ending = threading.Event()
        self._server: grpc.Server | None = None

    @property
    def endpoint(self) -> str:
        """What VISION_ENDPOINT is set to: beyond loopback, that there is no TLS must be said."""
        host = self._listening.host
        return f"{'' if host == LOOPBACK else 'http://'}{host}:{self.port}"

    def set_fault(self, **fault: Any) -> None:
        """Let the next requests fail; see VisionFaults.set for the arguments."""
        self._faults.set(**fault)

    def start(self) -> None:
        """Serve; raise OSError if the port is taken."""
        if self._server is not None:
            msg = "the Vision stand-in is running already; stop it before starting it again"
            raise RuntimeError(msg)
        self._ending.clear()
        server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="sandbox-vision"),
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                # Else a second server on the same port would silently share its requests.
                ("grpc.so_reuseport", 0),
            ],
        )
        handler = grpc.unary_unary_rpc_method_handler(
            self._annotate,
            request_deserializer=vision.BatchAnnotateImagesRequest.deserialize,
            response_serializer=vision.BatchAnnotateImagesResponse.serialize,
        )
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),)
        )
        try:
            self.port = server.add_insecure_port(f"{self._listening.address}:{self.port}")
        except RuntimeError as error:
            msg = (
                f"port {self.port} on {self._listening.address} is taken or not allowed; end the "
                "program that listens there, or choose another port (0 takes a free one)"
            )
            raise OSError(msg) from error
        server.start()
        self._server = server

    def stop(self) -> None:
        """End the server; a second call does nothing."""
        self._ending.set()
        if self._server is not None:
            self._server.stop(STOP_SECONDS).wait()
            self._server = None

    def _annotate(
        self, request: vision.BatchAnnotateImagesRequest, context: grpc.ServicerContext
    ) -> vision.BatchAnnotateImagesResponse:
        self._ending.wait(self._latency_seconds)
        fault = self._faults.take()
        if fault is not None and not fault.after_processing:
            self._fail(fault, context)
        self._check(request, context)
        self._counts.add("vision", "requests")
        responses = [self._annotator.annotate(image) for image in request.requests]
        if fault is not None and fault.kind == "bad_image":
            responses[0] = image_error(code_pb2.INTERNAL, "Internal server error.")
        if fault is not None and fault.kind == "odd":
            responses[0] = odd_answer(responses[0])
        if fault is not None and fault.after_processing:
            self._fail(fault, context)
        return vision.BatchAnnotateImagesResponse(responses=responses)

    def _fail(self, fault: VisionFault, context: grpc.ServicerContext) -> None:
        if fault.kind in ("bad_image", "odd"):
            return
        self._counts.add("vision", f"faults_{fault.kind}")
        deadline = time.monotonic() + fault.delay_seconds
        while context.is_active() and time.monotonic() < deadline:
            if self._ending.wait(min(0.05, fault.delay_seconds)):
                break
        if fault.kind == "quota":
            _refuse_for_quota(context, 1.0)
        elif fault.kind == "unavailable":
            context.abort(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
        elif fault.kind == "internal":
            context.abort(grpc.StatusCode.INTERNAL, "Internal error encountered.")
        else:
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

    def _check(
        self, request: vision.BatchAnnotateImagesRequest, context: grpc.ServicerContext
    ) -> None:
        """Refuse a request that Google would not process, and not charge for."""
        limits, refusal = self._limits, None
        size = sum(len(image.image.content) for image in request.requests)
        if not request.requests:
            refusal = "Request must specify image and features."
        elif len(request.requests) > limits.images_per_request:
            refusal = (
                f"Too many images per request: {len(request.requests)}. "
                f"The limit is {limits.images_per_request}."
            )
        elif size > limits.request_bytes:
            refusal = f"Request payload size exceeds the limit: {limits.request_bytes} bytes."
        if refusal is not None:
            self._counts.add("vision", "requests_refused")
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, refusal)
        seconds = self._quota.seconds_until_allowed()
        if seconds > 0:
            self._counts.add("vision", "requests_over_quota")
            _refuse_for_quota(context, seconds)


def odd_answer(answer: vision.AnnotateImageResponse) -> vision.AnnotateImageResponse:
    """Return an answer whose landmarks lack what their type lets them lack.

    By the documentation each field may be missing; a score or a place that is no number is invented.
    """
    for number, landmark in enumerate(answer.landmark_annotations):
        if number % 2 == 0:
            landmark.score = math.nan
            landmark.bounding_poly = vision.BoundingPoly()
        else:
            landmark.description = ""
            landmark.locations = [{"lat_lng": {"latitude": math.nan, "longitude": 0}}]
    return answer


def _refuse_for_quota(context: grpc.ServicerContext, seconds: float) -> NoReturn:
    """Abort with RESOURCE_EXHAUSTED and the details that tell when to come back."""
    message = (
        "Quota exceeded for quota metric 'All requests' and limit 'All requests per minute' of "
        "service 'vision.googleapis.com'."
    )
    retry, packed = error_details_pb2.RetryInfo(), any_pb2.Any()
    whole = int(seconds)
    retry.retry_delay.CopyFrom(
        duration_pb2.Duration(seconds=whole, nanos=int((seconds - whole) * 1e9))
    )
    packed.Pack(retry)
    status = status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED, message=message, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, message)
