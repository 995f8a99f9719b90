"""How fast may be sent, to a carrier and of a job that somebody has slowed down.

A token bucket for each in Redis, shared by all gateways, by Redis's clock. Without Redis each gateway goes on with
buckets of its own at its share of the rates: slower at worst, never faster. What was taken and not needed goes back;
what was needed beyond (a long message has several segments) is owed, and nothing is given until it is paid.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import redis.asyncio
import structlog
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

# Longest burst, as a part of a second's rate.
BURST_SECONDS = 0.25
RETRY_REDIS_SECONDS = 2.0
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(state[1]) or burst) + math.max(0, now - (tonumber(state[2]) or now)) * rate)
local taken = math.max(0, math.min(wanted, math.floor(tokens)))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - taken), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], 60000)
return taken
"""
# Of a bucket that was forgotten meanwhile nothing is owed: it fills up by itself.
GIVE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBYFLOAT', KEYS[1], 'tokens', ARGV[1]) end
"""


def of_carrier(carrier_id: int) -> str:
    return str(carrier_id)


def of_job(job_id: int) -> str:
    return f"job:{job_id}"


@dataclass(slots=True)
class Bucket:
    """A token bucket in this process: `rate` tokens a second, at most `burst` saved up."""

    tokens: float = 0.0
    at: float = field(default_factory=time.monotonic)

    def take(self, wanted: int, *, rate: float, burst: float) -> int:
        now = time.monotonic()
        self.tokens = min(burst, self.tokens + (now - self.at) * rate)
        self.at = now
        taken = max(0, min(wanted, int(self.tokens)))
        self.tokens -= taken
        return taken


def burst_of(rate: float) -> float:
    return max(1.0, rate * BURST_SECONDS)


class Pace:
    """Takes tokens, one for a segment; `gateways` is how many share the rates when Redis is away."""

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._take = self._redis.register_script(TAKE)
        self._give_back = self._redis.register_script(GIVE_BACK)
        self._local: dict[str, Bucket] = {}
        self._away_until = 0.0
        self.gateways = 1

    async def take(self, bucket: str, wanted: int, *, rate: float) -> int:
        """Up to `wanted` tokens of a bucket (`of_carrier`, `of_job`) that gets `rate` a second; perhaps 0."""
        taken = await self._ask(self._take, bucket, [rate, burst_of(rate), wanted])
        if taken is not None:
            return taken
        share = rate / max(1, self.gateways)
        local = self._local.setdefault(bucket, Bucket())
        return local.take(wanted, rate=share, burst=burst_of(share))

    async def give_back(self, bucket: str, tokens: int) -> None:
        """Return what was taken and not used; less than nothing where more was used than taken."""
        if tokens and await self._ask(self._give_back, bucket, [tokens]) is None and bucket in self._local:
            self._local[bucket].tokens += tokens

    async def _ask(self, script: AsyncScript, bucket: str, args: list[float]) -> int | None:
        """The answer of Redis; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return int(await script(keys=[f"console:pace:{bucket}"], args=args) or 0)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + RETRY_REDIS_SECONDS
            log.warning("pace_without_redis", error=type(error).__name__)
            return None

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass(slots=True)
class Throttle:
    """Additive increase, multiplicative decrease of a carrier's rate, after its own "not so fast" (R7)."""

    factor: float = 1.0
    changed: float = field(default_factory=time.monotonic)

    FULL = 100
    LOWEST = 0.05
    RECOVERY = 0.05  # of the full rate, a second

    def slow_down(self) -> None:
        """Half, at most once a second: one burst of refusals is one sign."""
        now = time.monotonic()
        if self.factor < 1.0 and now - self.changed < 1.0:
            return
        self.factor, self.changed = max(self.LOWEST, self.current() / 2), now

    def current(self) -> float:
        return min(1.0, self.factor + (time.monotonic() - self.changed) * self.RECOVERY)

    @property
    def percent(self) -> int:
        """For people: `current` in steps of five, so that a recovery is not told twenty times."""
        return 5 * round(self.current() * 20)
