"""What Redis does at once with the record of an import. Nobody sees it half done.

An import has a record, and while a worker does it a lease, which that worker renews. A lease has another one beside it
for the file, which one import has at a time, so that nothing depends on the locks of a file system.
"""

# Names: the import about the same, the imports that have not ended, those of the caller. ARGV: what the names of
# records begin with, the id, seconds to keep it, how many a caller may have, and the fields of the record.
START = """
local found = redis.call('GET', KEYS[1])
if found and redis.call('EXISTS', ARGV[1] .. found) == 1 and redis.call('HEXISTS', ARGV[1] .. found, 'ended') == 0 then
  return {'found', found}
end
for _, id in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  if redis.call('EXISTS', ARGV[1] .. id) == 0 then redis.call('SREM', KEYS[3], id) end
end
if redis.call('SCARD', KEYS[3]) >= tonumber(ARGV[4]) then return {'full', ''} end
redis.call('HSET', ARGV[1] .. ARGV[2], unpack(ARGV, 5))
redis.call('EXPIRE', ARGV[1] .. ARGV[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
for i = 2, 3 do
  redis.call('SADD', KEYS[i], ARGV[2])
  redis.call('EXPIRE', KEYS[i], ARGV[3])
end
return {'new', ARGV[2]}
"""

# Names, here and below: the record, its lease, the lease of its file. ARGV: the lease's token, its ms, whether there is
# a file.
CLAIM = """
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'ended') == 1 then return {0, 0} end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {0, 0} end
local free = 1
if ARGV[3] == '1' and not redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then free = 0 end
redis.call('HDEL', KEYS[1], 'waits')
return {redis.call('HINCRBY', KEYS[1], 'claims', 1), free}
"""

# A worker has not what it needs for it. Names: the record, its lease.
WAIT = """
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[1], 'waits', '1')
end
"""

# Also: the imports that have not ended. ARGV: as above, seconds to keep the record, and fields of it.
RENEW = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'ended') == 1 then return -1 end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
if ARGV[3] == '1' then redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2]) end
if #ARGV > 4 then redis.call('HSET', KEYS[1], unpack(ARGV, 5)) end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[4], ARGV[4])
return redis.call('HEXISTS', KEYS[1], 'stop')
"""

# ARGV: the lease's token, and whether the claim is not to be counted.
RELEASE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
  if ARGV[2] == '1' then redis.call('HINCRBY', KEYS[1], 'claims', -1) end
end
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
"""

# Also: the imports that have not ended, those of the caller. ARGV: the lease's token, seconds to keep the record, the
# id, and fields of the record.
END = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return end
redis.call('HSET', KEYS[1], 'ended', '1', unpack(ARGV, 4))
redis.call('HDEL', KEYS[1], 'journal')
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('SREM', KEYS[4], ARGV[3])
redis.call('SREM', KEYS[5], ARGV[3])
"""

TOLD = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'told', '1') end"

STOP = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'stop', '1') end"

# Name: the import about the same.
SAME = "return redis.call('GET', KEYS[1])"

READ = "return redis.call('HMGET', KEYS[1], unpack(ARGV))"

# Name: the imports that have not ended. ARGV: what the names of records, and of leases, begin with. Returns two lists:
# those that any worker may do, and those that wait for one with what they need.
WAITING = """
local waiting = {{}, {}}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if redis.call('EXISTS', ARGV[1] .. id) == 0 then
    redis.call('SREM', KEYS[1], id)
  elseif redis.call('EXISTS', ARGV[2] .. id) == 0 then
    table.insert(waiting[1 + redis.call('HEXISTS', ARGV[1] .. id, 'waits')], id)
  end
end
return waiting
"""
