"""Which limits hold for the hosts that a crawl asks.

Hosts of the catalogues are asked by several tasks at once, on several workers: their turns are
counted by all together. Photos lie on thousands of hosts, most asked once: theirs are counted in each
task. How many requests are open at a time is counted in each task, but for Wikimedia's.
"""

import time
from collections.abc import Callable
from functools import cache
from math import inf

import httpx

from sightscan.host_gate import (
    Counter,
    HostLimit,
    HostThrottle,
    MemoryCounter,
    Rate,
    is_wikimedia,
    wikimedia_limit,
)
from sightscan.settings import Settings

BURST_SECONDS = 1.0
# Of a minute's requests at an API with a limit of its own.
API_BURST_SHARE = 0.25
# Of a day's: a new city must not have used up all of it before noon, nor wait till the evening.
DAY_BURST_SHARE = 0.5
DAY_SECONDS = 24 * 3600.0


def crawl_throttle(
    config: Settings,
    shared: Counter | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> HostThrottle:
    """Return the throttle of a crawl; `shared` counts for all workers, else each counts alone."""
    own = MemoryCounter(clock)
    return HostThrottle(_limits_of(config), own if shared is None else shared, own)


def minute_rate(per_minute: float) -> Rate:
    """Return the rate of an API that allows so much in any minute."""
    return Rate.within(per_minute, 60, API_BURST_SHARE)


def day_rate(per_day: float) -> Rate:
    """Return the rate of an API that allows so much in any day."""
    return Rate.within(per_day, DAY_SECONDS, DAY_BURST_SHARE)


def _limits_of(config: Settings) -> Callable[[str], HostLimit]:
    apis = (config.commons_api_url, config.openverse_api_url, config.flickr_api_url)
    pages = (config.google_images_url, config.bing_images_url)
    catalogues = {httpx.URL(url).host for url in (*apis, *pages)}
    per_second, at_once = config.crawl_requests_per_second, config.crawl_requests_at_once
    rate = Rate(max(1.0, per_second * BURST_SECONDS), per_second) if per_second else None
    has_contact = config.own_contact is not None

    @cache
    def limit_of(host: str) -> HostLimit:
        if is_wikimedia(host):
            return wikimedia_limit(host, has_contact=has_contact, max_per_second=per_second or inf)
        return HostLimit(f"crawl.{host}", rate, at_once, is_shared=host in catalogues)

    return limit_of
