-- What the edge counts. Each worker adds up in tables of its own and brings the sums to the shared dictionary once a
-- second: a request then costs a few additions, and no lock that all workers would wait for.

local _M = {}

local floor, pairs = math.floor, pairs

local FLUSH_EVERY_S = 1
-- Upper ends in seconds. nginx measures whole milliseconds.
_M.BUCKETS_S = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }
local BUCKETS_S = _M.BUCKETS_S
local BEYOND = #BUCKETS_S + 1
local BUCKET_OF_MS = {}
for index = #BUCKETS_S, 1, -1 do
    for ms = 0, BUCKETS_S[index] * 1000 do BUCKET_OF_MS[ms] = index end
end

local shared = ngx.shared.postledger_metrics
local sums = {}
local observations = {}    -- by route: how many fell into each bucket, and their sum in seconds
local requests = {}        -- by route, then by status
local upstreams = {}       -- by route: how many the backend answered, and its time in seconds

-- Adds one to a counter; its key names it and its labels, which must come from closed lists.
function _M.count(key)
    sums[key] = (sums[key] or 0) + 1
end

-- The same before there are workers: each of them would bring what it had inherited in tables.
function _M.count_in_master(key)
    shared:incr(key, 1, 0)
end

local function route_of(by_route, route)
    local found = by_route[route]
    if not found then
        found = {}
        by_route[route] = found
    end
    return found
end

-- One finished request. Tables in tables: a key glued from its labels would be made anew for each request.
function _M.observe(route, status, duration_s)
    local statuses = route_of(requests, route)
    statuses[status] = (statuses[status] or 0) + 1

    local buckets = route_of(observations, route)
    local index = BUCKET_OF_MS[floor(duration_s * 1000 + 0.5)] or BEYOND
    buckets[index] = (buckets[index] or 0) + 1
    buckets.sum = (buckets.sum or 0) + duration_s
end

-- The backend's part of a request that it answered.
function _M.observe_upstream(route, duration_s)
    local times = route_of(upstreams, route)
    times.count = (times.count or 0) + 1
    times.sum = (times.sum or 0) + duration_s
end

local function add(key, value)
    local _, failure, evicted = shared:incr(key, value, 0)
    if failure then ngx.log(ngx.ERR, "metrics: the dictionary took no more: ", failure) end
    if evicted then shared:incr("evictions|metrics", 1, 0) end
end

local function add_all(prefix, by_route)
    for route, values in pairs(by_route) do
        for label, value in pairs(values) do
            add(prefix .. route .. "|" .. label, value)
            values[label] = nil
        end
    end
end

-- Brings this worker's sums to the dictionary; requests last, so that whoever finds one counted finds all about it.
function _M.flush()
    for key, value in pairs(sums) do
        add(key, value)
        sums[key] = nil
    end
    add_all("durations|", observations)
    add_all("upstreams|", upstreams)
    add_all("requests|", requests)
end

-- A worker that ends has its timers called once more, then finishes its requests: those are brought one by one.
function _M.start()
    ngx.timer.every(FLUSH_EVERY_S, _M.flush)
end

return _M
