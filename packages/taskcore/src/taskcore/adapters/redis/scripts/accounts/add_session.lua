-- Store a session of a user who exists, is enabled and has the password that was shown.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the digest
--          5 the user
--          6 for how many microseconds
--          7 "1" if the hash of the password must be the next one, or ""
--          8 the hash that it must have
--          9... more fields and values
-- RETURNS  the time, or "taken", or nothing
-- include parts/base.lua
-- include parts/accounts.lua
local digest, user = ARGV[4], ARGV[5]
local hash, enabled = unpack(call('HMGET', P .. 'user:' .. user, 'hash', 'enabled'))
if enabled ~= '1' or (ARGV[7] == '1' and hash ~= ARGV[8]) then
  return false
end
local key, own = P .. 'session:' .. digest, P .. 'sessions:' .. user
if call('EXISTS', key) == 1 then
  return 'taken'
end
local expires, alive = whole(now + ARGV[6]), math.max(1, math.ceil(ARGV[6] / 1000))
call('HSET', key, 'user', user, 'created', now_text, 'seen', now_text, 'expires', expires, unpack(ARGV, 9))
call('PEXPIRE', key, whole(alive))
call('ZADD', P .. 'seen', now_text, digest)
call('ZREMRANGEBYSCORE', own, '-inf', now_text)
call('ZADD', own, expires, digest)
if call('PTTL', own) < alive then
  call('PEXPIRE', own, whole(alive))
end
return now_text
