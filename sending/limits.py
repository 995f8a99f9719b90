"""How fast a carrier may be sent to: one token bucket per carrier in Redis, shared by all gateways, by Redis's clock.

Without Redis each gateway goes on with a bucket of its own at its share of the rate: slower at worst, never faster.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import redis.asyncio
import structlog
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
local taken = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - taken), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], 60000)
return taken
"""


@dataclass(slots=True)
class Bucket:
    """A token bucket in this process: `rate` tokens a second, at most `burst` saved up."""

    tokens: float = 0.0
    at: float = field(default_factory=time.monotonic)

    def take(self, wanted: int, *, rate: float, burst: float) -> int:
        now = time.monotonic()
        self.tokens = min(burst, self.tokens + (now - self.at) * rate)
        self.at = now
        taken = min(wanted, int(self.tokens))
        self.tokens -= taken
        return taken


def burst_of(rate: float) -> float:
    return max(1.0, rate * BURST_SECONDS)


class Pace:
    """Takes tokens for carriers; `gateways` is how many share the rate when Redis is away."""

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._take = self._redis.register_script(TAKE)
        self._local: dict[int, Bucket] = {}
        self._away_until = 0.0
        self.gateways = 1

    async def take(self, carrier_id: int, wanted: int, *, rate: float) -> int:
        """Up to `wanted` tokens (one per segment) of a carrier that takes `rate` a second; perhaps 0."""
        if time.monotonic() >= self._away_until:
            try:
                taken = await self._take(keys=[f"console:pace:{carrier_id}"], args=[rate, burst_of(rate), wanted])
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + RETRY_REDIS_SECONDS
                log.warning("pace_without_redis", error=type(error).__name__)
            else:
                return int(taken)
        share = rate / max(1, self.gateways)
        bucket = self._local.setdefault(carrier_id, Bucket())
        return bucket.take(wanted, rate=share, burst=burst_of(share))

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass(slots=True)
class Throttle:
    """Additive increase, multiplicative decrease of a carrier's rate, after its own "not so fast" (R7)."""

    factor: float = 1.0
    changed: float = field(default_factory=time.monotonic)

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
