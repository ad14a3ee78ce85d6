"""The stand-ins that the contracts ask, for whole stages and pages."""

from tests.contract.conftest import facts, http, server, world

__all__ = ["facts", "http", "server", "world"]
