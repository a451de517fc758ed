-- Prolongs a turn to refresh, or puts in its place that nobody should ask for a while. Slot: {H}.
-- Guarantees: nothing is written over another's turn, nor where the turn has run out.
-- KEYS: refresh_turn
-- ARGV: holder, what stands from now on (the holder, or "" for nobody), its life ms
-- Returns 1 done, 0 the turn is not the holder's
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
