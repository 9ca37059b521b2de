-- Asks wallet for calls, no two of them alike, as fast as it answers; says at the end, in a line of JSON, what came of it.
--
--   wrk -t N -c N -d Ns -s authorise.lua URL -- QUESTIONS TOKEN RUN
--
-- QUESTIONS is a file of questions, one a line and picked at random: JSON objects without sip_uuid. RUN is a name that no other run has.
-- A granted call's answer bears its name, so its time is known whatever connection it came by. All times count as they were: wrk's own
-- percentiles hold answers besides that it supposes a slow one to have kept from being asked for.

local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } instant;
    int clock_gettime(int clock, instant *now);
]]
local MONOTONIC = 1
-- Microseconds that count as one.
local STEP = 10
local threads = {}

local now = ffi.new("instant[1]")
local function microseconds()
    ffi.C.clock_gettime(MONOTONIC, now)
    return tonumber(now[0].seconds) * 1e6 + tonumber(now[0].nanoseconds) / 1e3
end

function setup(thread)
    threads[#threads + 1] = thread
    thread:set("number", #threads)
end

function init(arguments)
    questions = {}
    for line in io.lines(arguments[1]) do questions[#questions + 1] = line:sub(2) end
    prefix = arguments[3] .. "-" .. number .. "-"
    serial, open, took, allowed, held, wrong, sample = 0, {}, {}, 0, 0, 0, ""
    headers = {["Authorization"] = "Bearer " .. arguments[2], ["Content-Type"] = "application/json"}
    math.randomseed(number)
end

function request()
    serial = serial + 1
    local call = prefix .. serial
    open[call] = microseconds()
    return wrk.format("POST", nil, headers, '{"sip_uuid":"' .. call .. '",' .. questions[math.random(#questions)])
end

function response(status, _, body)
    if status ~= 200 or not body:find('"allow":true', 1, true) then
        wrong = wrong + 1
        sample = status .. " " .. body:gsub('[%c"\\]', "'")
        return
    end
    allowed = allowed + 1
    local call = body:match('"hold_id":"([^"]*)"')
    local began = call and open[call]
    if began then
        local place = math.floor((microseconds() - began) / STEP)
        took[place] = (took[place] or 0) + 1
        held = held + 1
        open[call] = nil
    end
end

-- The milliseconds within which a share of the answers came.
local function within(share, places, counts, total)
    local seen = 0
    for _, place in ipairs(places) do
        seen = seen + counts[place]
        if seen >= share * total then return (place + 1) * STEP / 1e3 end
    end
    return 0
end

function done(summary)
    local sum, counts, sample = {allowed = 0, held = 0, wrong = 0}, {}, ""
    for _, thread in ipairs(threads) do
        for name in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
        for place, count in pairs(thread:get("took")) do counts[place] = (counts[place] or 0) + count end
        if thread:get("sample") ~= "" then sample = thread:get("sample") end
    end
    local places = {}
    for place in pairs(counts) do places[#places + 1] = place end
    table.sort(places)
    local errors = summary.errors
    print(string.format(
        '{"allowed":%d,"held":%d,"wrong":%d,"broken":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"sample":"%s"}',
        sum.allowed, sum.held, sum.wrong, errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
        within(0.5, places, counts, sum.held), within(0.99, places, counts, sum.held), within(1, places, counts, sum.held), sample))
end
