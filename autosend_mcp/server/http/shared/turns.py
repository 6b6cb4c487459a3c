"""What Redis does at once with the pace of a key: it grants turns, and notes what left and what was learned."""

# The names: what left, by its time; what was granted, by the end of its lease; the limits that were learned; until
# when workers settle (see `Shared`).
_NOW = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function exact(number) return string.format('%.6f', number) end
local function limits() return redis.call('HMGET', KEYS[3], 'paused', 'second', 'minute', 'guessed') end
local function within(seconds) return redis.call('ZCOUNT', KEYS[1], exact(now - seconds), '+inf') end
local function keep() for index = 1, 3 do redis.call('PEXPIRE', KEYS[index], 700000) end end
"""
# ARGV: slot, seconds of the second's window, its limit, limit a minute (0: none), slack, lease, whether the worker
# keeps to its part (1) or not (0). Returns the seconds to wait ("0": granted), the limits, how many left in the minute,
# and the seconds in which all are to keep to their part, because not all may know that Redis is back.
TURN = f"""{_NOW}
local slack = tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', exact(now - 60 - slack))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', exact(now))
local paused, second, minute, guessed = unpack(limits())
local most = tonumber(ARGV[3])
second = math.min(most, tonumber(second) or most)
most = tonumber(ARGV[4])
if (tonumber(guessed) or 0) <= now then minute = nil end
minute = tonumber(minute) or most
if most > 0 then minute = math.min(minute, most) end
local granted = redis.call('ZCARD', KEYS[2])
local function wait(seconds, limit)
  if limit == 0 or within(seconds + slack) + granted < limit then return 0 end
  local room = limit - granted
  if room <= 0 then return 0.05 end
  local oldest = redis.call('ZRANGE', KEYS[1], -room, -room, 'WITHSCORES')
  return oldest[2] and oldest[2] + seconds + slack - now or 0.05
end
local settling = math.max((tonumber(redis.call('GET', KEYS[4])) or 0) - now, 0)
local to_settle = ARGV[7] == '1' and 0 or settling
local delay = math.max(to_settle, (tonumber(paused) or 0) - now, wait(tonumber(ARGV[2]), second), wait(60, minute), 0)
if delay == 0 then redis.call('ZADD', KEYS[2], exact(now + ARGV[6]), ARGV[1]) end
keep()
return {{exact(delay), second, minute, within(60), exact(settling)}}
"""
# ARGV: slot, seconds ago. Until this comes, which is a little after the request left, it counts as granted.
LEFT = f"""{_NOW}
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], exact(now - ARGV[2]), ARGV[1])
keep()
"""
# What counts as granted for so long, or longer. ARGV: slot, lease.
TAKEN = f"""{_NOW}
redis.call('ZADD', KEYS[2], exact(now + ARGV[2]), ARGV[1])
keep()
"""
BACK = "redis.call('ZREM', KEYS[2], ARGV[1])"
# Redis was gone, and may have forgotten, or lack the last that it was sent. ARGV: the worker, with whose name those of
# its slots begin (what it was granted comes next); seconds that nothing is granted; limit a second; limit a minute (0:
# none); seconds that this holds if it was forgotten; then slot and seconds ago of what left.
RETURN = f"""{_NOW}
for _, slot in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if string.sub(slot, 1, #ARGV[1]) == ARGV[1] then redis.call('ZREM', KEYS[2], slot) end
end
local paused, second, minute, guessed = unpack(limits())
if now + ARGV[2] > (tonumber(paused) or 0) then redis.call('HSET', KEYS[3], 'paused', exact(now + ARGV[2])) end
if tonumber(ARGV[3]) < (tonumber(second) or 1e9) then redis.call('HSET', KEYS[3], 'second', ARGV[3]) end
if tonumber(ARGV[4]) > 0 and (tonumber(guessed) or 0) <= now then
  redis.call('HSET', KEYS[3], 'minute', ARGV[4], 'guessed', exact(now + ARGV[5]))
end
for index = 6, #ARGV, 2 do redis.call('ZADD', KEYS[1], exact(now - ARGV[index + 1]), ARGV[index]) end
keep()
"""
# ARGV: limit (0: none is named), seconds until its window ends (0: not said), whether it is spent, seconds of a
# second's window, slack.
ANNOUNCED = f"""{_NOW}
local limit, reset, seconds, name = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4]), 'second'
if reset > 2 then seconds, name = 60, 'minute' end
if limit > 0 then
  redis.call('HSET', KEYS[3], name, limit)
  if name == 'minute' then redis.call('HSET', KEYS[3], 'guessed', '1e300') end
end
local ours = limit > 0 and within(seconds + ARGV[5]) + redis.call('ZCARD', KEYS[2]) >= limit
if ARGV[3] == '1' and not ours then
  local pause = now + (reset > 0 and reset or 1)
  if pause > (tonumber(limits()[1]) or 0) then redis.call('HSET', KEYS[3], 'paused', exact(pause)) end
end
keep()
"""
# ARGV: seconds to wait, the fewest a minute that are a limit, seconds that such a guess holds.
REFUSED = f"""{_NOW}
local paused, _, _, guessed = unpack(limits())
if now + ARGV[1] > (tonumber(paused) or 0) then redis.call('HSET', KEYS[3], 'paused', exact(now + ARGV[1])) end
local count = within(60)
if tonumber(ARGV[1]) > 2 and count >= tonumber(ARGV[2]) and (tonumber(guessed) or 0) <= now then
  redis.call('HSET', KEYS[3], 'minute', count - 1, 'guessed', exact(now + ARGV[3]))
end
keep()
"""
