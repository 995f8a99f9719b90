"""The token buckets of carriers and of jobs that are slowed down, with Redis and without."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from django.conf import settings

from sending import limits
from sending.limits import Pace

AWAY = "redis://127.0.0.1:1/0"


@asynccontextmanager
async def paced(url: str) -> AsyncIterator[Pace]:
    pace = Pace(url)
    try:
        yield pace
    finally:
        await pace.close()


def run(url: str, scenario: Callable[[Pace, str], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with paced(url) as pace:
            await scenario(pace, f"test:{uuid.uuid4()}")

    asyncio.run(whole())


@pytest.mark.parametrize("url", [pytest.param("", id="redis"), pytest.param(AWAY, id="away")])
def test_no_more_than_the_rate_and_one_burst(url: str) -> None:
    async def scenario(pace: Pace, bucket: str) -> None:
        taken = 0
        for _turn in range(20):
            taken += await pace.take(bucket, 100, rate=40)
            await asyncio.sleep(0.05)
        assert 35 <= taken <= 40 + limits.burst_of(40) + 4

    run(url or settings.REDIS_URL, scenario)


@pytest.mark.parametrize("url", [pytest.param("", id="redis"), pytest.param(AWAY, id="away")])
def test_what_was_not_used_can_be_taken_again(url: str) -> None:
    async def scenario(pace: Pace, bucket: str) -> None:
        await asyncio.sleep(0.01)
        await pace.take(bucket, 1, rate=100)
        await asyncio.sleep(0.25)
        taken = await pace.take(bucket, 100, rate=100)
        assert taken >= 20
        await pace.give_back(bucket, taken)
        assert await pace.take(bucket, 100, rate=100) >= taken

    run(url or settings.REDIS_URL, scenario)


@pytest.mark.parametrize("url", [pytest.param("", id="redis"), pytest.param(AWAY, id="away")])
def test_what_was_used_beyond_is_owed(url: str) -> None:
    """A message of ten segments is sent whole, though there was one token: nothing then until the nine are paid."""

    async def scenario(pace: Pace, bucket: str) -> None:
        await pace.take(bucket, 1, rate=40)
        await asyncio.sleep(0.05)
        assert await pace.take(bucket, 1, rate=40) == 1
        await pace.give_back(bucket, -19)
        assert await pace.take(bucket, 10, rate=40) == 0
        await asyncio.sleep(0.15)
        assert await pace.take(bucket, 10, rate=40) == 0
        await asyncio.sleep(0.5)
        assert await pace.take(bucket, 10, rate=40) > 0

    run(url or settings.REDIS_URL, scenario)


def test_jobs_and_carriers_have_buckets_of_their_own() -> None:
    assert limits.of_job(7) != limits.of_carrier(7)


def test_several_gateways_share_without_redis() -> None:
    async def scenario(pace: Pace, bucket: str) -> None:
        pace.gateways = 4
        taken = 0
        for _turn in range(20):
            taken += await pace.take(bucket, 100, rate=40)
            await asyncio.sleep(0.05)
        assert taken <= 10 + limits.burst_of(10) + 1

    run(AWAY, scenario)
