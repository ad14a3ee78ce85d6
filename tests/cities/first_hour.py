"""Every stand-in at once, in this process, and ways to let one of them answer otherwise.

What a deviation answers is what the real service answered to others, or documents.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from aiohttp import web

from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet, Ec2Refusal
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.ports import PortBook
from sandbox.vision.server import VisionServer
from sandbox.web import Handler, WebServer
from sandbox.world.city_facts import facts_of
from tests.cities.small_world import draw_small_world
from tests.waiting import wait_until

# None: the stand-in answers.
Answer = web.Response | None
FLICKR_PATH = "/services/rest/"
FLICKR_LICENCES = {
    "licenses": {"license": [{"id": number, "name": "", "url": ""} for number in range(17)]},
    "stat": "ok",
}


async def _flickr(request: web.Request) -> Answer:
    """Answer as https://www.flickr.com/services/api/flickr.photos.licenses.getInfo.html shows."""
    if request.path != FLICKR_PATH:
        return None
    return web.json_response(FLICKR_LICENCES)


class PlantedWeb(WebServer):
    """The stand-ins that speak HTTP, before which `plant` may answer."""

    plant: Callable[[web.Request], Awaitable[Answer]] | None = None

    @web.middleware
    async def _wait(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        for answer in filter(None, (self.plant, _flickr)):
            if (found := await answer(request)) is not None:
                return found
        return await handler(request)


class PlantedVision(VisionServer):
    """Google Vision, which may refuse every request."""

    refusal: str | None = None

    def _check(self, request: Any, context: grpc.ServicerContext) -> None:
        if self.refusal is not None:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, self.refusal)
        super()._check(request, context)


class PlantedEc2(Ec2Server):
    """EC2, which may refuse every start."""

    refusal: Ec2Refusal | None = None

    def _change(self, request: Any, form: dict[str, str]) -> bytes:
        if self.refusal is not None:
            raise self.refusal
        return super()._change(request, form)


@dataclass(frozen=True)
class FirstHour:
    """The stand-ins, and the settings that point at them."""

    server: PlantedWeb
    vision: PlantedVision
    ec2: PlantedEc2
    counts: Counts
    folder: Path
    environment: dict[str, str] = field(repr=False)

    def plant(self, path: str, response: Callable[[], Answer], within: str = "") -> None:
        """Let a path answer so, or only what has a text in its body or query."""

        async def answer(request: web.Request) -> Answer:
            if not request.path.startswith(path):
                return None
            asked = f"{request.query} {await request.post()}" if within else ""
            return response() if within in asked else None

        self.server.plant = answer

    def clear(self) -> None:
        """Let every stand-in answer as it does."""
        self.server.plant = self.vision.refusal = self.ec2.refusal = None


@contextmanager
def open_first_hour(folder: Path) -> Iterator[FirstHour]:
    """Start all of them about a small world, with a GPU host that runs."""
    counts, key = Counts(), new_key()
    world = draw_small_world(folder / "world")
    facts = facts_of(world)
    with ExitStack() as closing:
        server = closing.enter_context(PlantedWeb(world, facts, counts))
        vision = closing.enter_context(PlantedVision(world, facts, counts, latency_seconds=0))
        fleet = Ec2Fleet(folder / "ec2", counts, transition_seconds=0)
        closing.callback(fleet.close)
        (instance_id,) = fleet.instance_ids
        host = GpuHost(
            instance_id,
            folder / "instance",
            counts,
            PortBook(folder),
            client_key=ed25519_key(folder / "client_key", "test"),
        )
        closing.callback(host.close)
        ec2 = closing.enter_context(PlantedEc2(fleet, key, counts))
        fleet.start([instance_id])
        wait_until(lambda: fleet.state_of(instance_id) == "running")
        host.power_on()
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(f"[{instance_id}]:{host.address.port} {host.address.host_key}\n")
        yield FirstHour(
            server,
            vision,
            ec2,
            counts,
            folder,
            {
                "CONTACT": "mailto:operator@example.org",
                "WIKIDATA_SPARQL_URL": server.wikidata_sparql_url,
                "WIKIDATA_API_URL": server.wikidata_api_url,
                "COMMONS_API_URL": server.commons_api_url,
                "OPENVERSE_API_URL": server.openverse_api_url,
                "PLACES_API_URL": server.places_api_url,
                "FLICKR_API_URL": server.url + FLICKR_PATH,
                "FLICKR_API_KEY": "flickr-key-of-a-test",
                "MAPS_KEY": "maps-key-of-a-test",
                "PHOTO_SOURCES": "wikimedia_commons,openverse,flickr",
                "CRAWL_TRUSTED_ORIGINS": server.url,
                "CRAWL_REQUESTS_PER_SECOND": "0",
                "OPENVERSE_REQUESTS_PER_MINUTE": "6000",
                "VISION_ENDPOINT": vision.endpoint,
                "AWS_ENDPOINT_URL": ec2.url,
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": key.access_key_id,
                "AWS_ACCESS_KEY": key.access_key,
                "MTS_EC2_INSTANCE_ID": instance_id,
                "MTS_WEIGHTS": "none",
                "MTS_SSH_USER": host.address.user,
                "MTS_SSH_KEY_FILE": str(host.address.key_file),
                "MTS_SSH_KNOWN_HOSTS": str(known_hosts),
                "PHOTO_STORE": f"file://{folder}/store",
            },
        )


def as_json(value: object, status: int = 200, **headers: str) -> Callable[[], web.Response]:
    """Return what makes such an answer."""
    body = json.dumps(value)
    return lambda: web.Response(
        text=body, status=status, headers=headers, content_type="application/json"
    )


def as_text(text: str, status: int = 200, **headers: str) -> Callable[[], web.Response]:
    """Return what makes such an answer."""
    return lambda: web.Response(text=text, status=status, headers=headers)
