-- Posts calls, no two of them alike, as fast as they are answered; says at the end, in a line of JSON, what came of it.
--
--   wrk -t N -c N -d Ns -s post.lua URL -- CALL TOKEN RUN COUNT
--
-- CALL is the file of a call with @KEY@ where its name belongs, RUN a name that no other run has, COUNT how many calls a body holds.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init(arguments)
    local file = assert(io.open(arguments[1]))
    local call = file:read("*l") .. "\n"
    file:close()
    parts = {}
    for part in (call .. "@KEY@"):gmatch("(.-)@KEY@") do parts[#parts + 1] = part end
    prefix = arguments[3] .. "-" .. number .. "-"
    count = tonumber(arguments[4])
    serial = 0
    headers = {
        ["Authorization"] = "Bearer " .. arguments[2],
        ["Content-Type"] = count == 1 and "application/json" or "application/x-ndjson",
    }
    body = {}
end

function request()
    for place = 1, count do
        serial = serial + 1
        body[place] = table.concat(parts, prefix .. serial)
    end
    return wrk.format("POST", nil, headers, table.concat(body))
end

function done(summary, latency, requests)
    local errors = summary.errors
    print(string.format(
        '{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"refused":%d,"broken":%d}',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        latency.max / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
