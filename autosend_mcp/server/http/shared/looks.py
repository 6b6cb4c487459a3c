"""What Redis does at a look of a worker: it notes that the worker is there, and says who else is."""

# The names: the workers, and until when they settle. ARGV: the worker, seconds after which one is gone, for how long
# Redis was gone (negative: it was not), seconds to settle. Returns the time, how long they settle, and the workers.
LOOK = """
local time = redis.call('TIME')
local now = string.format('%.6f', time[1] + time[2] / 1e6)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], 60000)
local until_settled = tonumber(redis.call('GET', KEYS[2])) or 0
if tonumber(ARGV[3]) >= 0 and until_settled - ARGV[4] < now - ARGV[3] then
  until_settled = now + ARGV[4]
  redis.call('SET', KEYS[2], string.format('%.6f', until_settled), 'PX', 60000)
end
return {now, string.format('%.6f', until_settled - now), redis.call('ZRANGE', KEYS[1], 0, -1)}
"""
