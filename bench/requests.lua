-- For wrk: sends the requests of a file in turn, and prints what happened as one line of JSON.
-- Each line of the file is a path and its headers ("Name: value"), separated by tabs.

local all, next_one = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local parts = {}
    for part in line:gmatch("[^\t]+") do parts[#parts + 1] = part end
    local text = "GET " .. parts[1] .. " HTTP/1.1\r\nHost: localhost\r\n"
    for i = 2, #parts do text = text .. parts[i] .. "\r\n" end
    all[#all + 1] = text .. "\r\n"
  end
end

function request()
  next_one = next_one % #all + 1
  return all[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"answered": %d, "failed": %d, "seconds": %f, "median_us": %f}\n',
    summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.duration / 1e6,
    latency:percentile(50)
  ))
end
