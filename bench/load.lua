-- wrk script of the harness. Env: BATCH (requests per write), METHOD, BODY_BYTES.
-- Prints one line `RESULT {json}`; times in microseconds.
local batch = tonumber(os.getenv("BATCH") or "1")
local connections = tonumber(os.getenv("CONNECTIONS") or "64")
local body_bytes = tonumber(os.getenv("BODY_BYTES") or "0")

wrk.method = os.getenv("METHOD") or "GET"
if body_bytes > 0 then
  wrk.body = string.rep("x", body_bytes)
  wrk.headers["Content-Type"] = "application/octet-stream"
end

-- One string per thread, made once: wrk calls this before its first write and then sends the same bytes.
local format = wrk.format
wrk.format = function(...)
  return string.rep(format(...), batch)
end

-- wrk adds a sample for every interval in which a closed loop "should" have sent (stats_correct), from the mean
-- interval per response. With pipelining that mean is 16 times too short and the figures turn to nonsense, so
-- for batches the added samples are taken out again: each k above the interval e holds its own count plus
-- everything that stands at k + e.
local function measured(latency, interval)
  local count, keys = {}, {}
  for i = 1, #latency do
    local value, n = latency(i)
    count[value] = n
    keys[i] = value
  end
  table.sort(keys)
  local samples, total = {}, 0
  for i = 1, #keys do
    local k = keys[i]
    local n = count[k]
    if k > interval then n = n - (count[k + interval] or 0) end
    samples[i] = n
    total = total + n
  end
  return function(p)
    local rank, seen = total * p / 100, 0
    for i = 1, #keys do
      seen = seen + samples[i]
      if seen >= rank then return keys[i] end
    end
    return keys[#keys] or 0
  end, total
end

function done(summary, latency)
  local percentile = function(p) return latency:percentile(p) end
  local samples = 0
  if batch > 1 and summary.requests > 0 then
    local interval = math.floor(summary.duration / math.floor(summary.requests / connections))
    percentile, samples = measured(latency, interval)
  end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"samples":%d,"errors":%d}\n',
    summary.requests, summary.duration, percentile(50), percentile(99), samples,
    e.connect + e.read + e.write + e.status + e.timeout))
end
