-- Sends the lines of a file as JSON bodies, each with the header before it, one after the other, and prints what came of it as JSON.
local requests = {}
local next_request = 0

function init(args)
  for line in io.lines(args[1]) do
    local header, value, body = line:match("^(%S+)\t([^\t]*)\t(.*)$")
    local headers = { ["content-type"] = "application/json", [header] = value }
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status
  ))
end
