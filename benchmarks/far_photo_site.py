"""A web site that is far away: photos in one category of Wikimedia Commons, each answer late.

Runs in a process of its own: `python -m benchmarks.far_photo_site FOLDER LATENCY_SECONDS` prints its
address. It counts what it was asked at `/counts`.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

CATEGORY = "Photos"


def application(folder: Path, latency_seconds: float) -> web.Application:
    """Return the site."""
    photos = {path.name: path.read_bytes() for path in sorted(folder.glob("*.jpg"))}
    names = list(photos)
    counts: Counter[str] = Counter()

    async def api(request: web.Request) -> web.Response:
        asked = request.query
        if asked.get("list") == "categorymembers":
            return web.json_response({"batchcomplete": True, "query": {"categorymembers": []}})
        start = int(asked.get("gcmcontinue", "0"))
        end = start + int(asked.get("gcmlimit", "50"))
        origin = str(request.url.origin())
        pages = [_page(number, names[number], origin) for number in range(start, len(names))[: end - start]]  # fmt: skip
        body: dict[str, Any] = {"batchcomplete": True, "query": {"pages": pages}}
        if end < len(names):
            body["continue"] = {"gcmcontinue": str(end), "continue": "gcmcontinue||"}
        return web.json_response(body)

    async def photo(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        body = photos[name]
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        response.content_type = "image/jpeg"
        if request.transport is not None and not request.transport.is_closing():
            await response.prepare(request)
            await response.write(body)
            await response.write_eof()
            # Fetched is what came whole: not what was asked for when the asker was killed.
            counts[name] += 1
        return response

    async def tell(_: web.Request) -> web.Response:
        repeated = sum(count - 1 for count in counts.values())
        return web.json_response({"fetched": sum(counts.values()), "repeated": repeated})

    async def forget(_: web.Request) -> web.Response:
        counts.clear()
        return web.Response()

    async def robots(_: web.Request) -> web.Response:
        return web.Response(text="")

    @web.middleware
    async def late(request: web.Request, handler: Any) -> web.StreamResponse:
        await asyncio.sleep(latency_seconds)
        answer: web.StreamResponse = await handler(request)
        return answer

    site = web.Application(middlewares=[late])
    site.add_routes(
        [
            web.get("/w/api.php", api),
            web.get("/photos/{name}", photo),
            web.get("/counts", tell),
            web.post("/forget", forget),
            web.get("/robots.txt", robots),
        ]
    )
    return site


def _page(number: int, name: str, origin: str) -> dict[str, Any]:
    info = {
        "url": f"{origin}/photos/{name}",
        "descriptionurl": f"{origin}/wiki/File:{name}",
        "mime": "image/jpeg",
        "width": 640,
        "height": 480,
        "extmetadata": {"LicenseShortName": {"value": "CC0"}},
    }
    return {"pageid": number + 1, "title": f"File:{name}", "imageinfo": [info]}


async def serve(folder: Path, latency_seconds: float) -> None:
    """Serve until the process is ended."""
    runner = web.AppRunner(application(folder, latency_seconds), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
