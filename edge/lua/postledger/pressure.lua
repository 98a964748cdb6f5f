-- How near does each source come to its quota? Of all addresses that speak for it the one that had used the most, in
-- this minute and the last: a burst is over in less than a second, and is still to be seen when Prometheus looks.

local _M = {}

local floor, max, pairs = math.floor, math.max, pairs

local TELL_EVERY_S = 1
local KEPT_S = 60

local shared = ngx.shared.postledger_metrics
local peaks, minute = {}, nil    -- this worker's, by source, and the minute that they are of

-- What a request found used of its address's burst, 0 to 1. Every request of a fast sender comes by here.
function _M.note(slug, used_ratio)
    if used_ratio > (peaks[slug] or 0) then peaks[slug] = used_ratio end
end

local function this_minute()
    return floor(ngx.now() / KEPT_S)
end

local function key_of(slug, of_minute)
    return "used|" .. slug .. "|" .. of_minute
end

-- The dictionary knows no "whichever is more": of two workers at once one may undo the other's word. A worker says its
-- own again each second for as long as the minute lasts, so that the higher one stands.
local function tell(slug, used_ratio)
    local key = key_of(slug, minute)
    if used_ratio <= (shared:get(key) or 0) then return end
    -- Never in the place of a counter: that would be a loss, and this is one glance less.
    if not shared:safe_set(key, used_ratio, 2 * KEPT_S) then shared:incr("evictions|metrics", 1, 0) end
end

-- Brings this worker's peaks to the dictionary.
function _M.flush()
    for slug, used_ratio in pairs(peaks) do tell(slug, used_ratio) end
    if minute ~= this_minute() then peaks, minute = {}, this_minute() end
end

-- The most that any address had used, over all workers.
function _M.of(slug)
    local now = this_minute()
    return max(shared:get(key_of(slug, now)) or 0, shared:get(key_of(slug, now - 1)) or 0)
end

function _M.start()
    minute = this_minute()
    ngx.timer.every(TELL_EVERY_S, _M.flush)
end

return _M
