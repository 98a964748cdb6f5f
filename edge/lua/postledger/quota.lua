-- How fast may one address speak for one source? GCRA, a leaky bucket that keeps a single number for each pair: the
-- moment at which its bucket will be empty. All workers share the numbers.

local _M = {}

local ceil, max, min = math.ceil, math.max, math.min
local sub = string.sub

local SLACK_S = 1    -- an entry outlives its bucket, so that no clock's rounding lets one go early

-- IPv6 by /64: that much is one customer's, who could otherwise take a new address for each request.
local function subject(slug, bytes)
    return slug .. ":" .. (#bytes == 16 and sub(bytes, 1, 8) or bytes)
end

-- An empty bucket starts anew. Two workers may do so at once and count one request between them: at most one uncounted
-- for each further worker, each time that a bucket has run empty. A bucket that is not empty counts exactly, see below.
local function begin(numbers, key, now_s, cost_s, tolerance_s)
    local stored, failure, evicted = numbers:set(key, now_s + cost_s, tolerance_s + SLACK_S)
    if not stored then return false, 1, failure end
    return true, nil, evicted and "evicted" or nil
end

-- Seconds after which the same request would pass, if no other comes between; Retry-After knows whole ones only.
local function wait_s(full_until_s, now_s, tolerance_s)
    return max(1, ceil(full_until_s - now_s - tolerance_s))
end

-- May one more request pass? Gives true, or false and the seconds to wait; and thirdly what went wrong with the
-- dictionary: "evicted" when another's number was pushed out (who then starts with a full burst), or nginx's words when
-- there was no place at all, and the request is refused: a limit that cannot be counted must not be none. Fourthly how
-- much of its burst the address had used before, 0 to 1, and 1 when it must wait; nil of an empty bucket.
function _M.take(numbers, slug, bytes, rate, burst, now_s)
    local cost_s = 1 / rate
    local tolerance_s = max(burst, 1) * cost_s
    local key = subject(slug, bytes)
    local empty_at_s = numbers:get(key)
    if not empty_at_s or empty_at_s <= now_s then return begin(numbers, key, now_s, cost_s, tolerance_s) end

    if empty_at_s + cost_s - now_s > tolerance_s then
        return false, wait_s(empty_at_s + cost_s, now_s, tolerance_s), nil, 1
    end
    -- Added atomically, then judged by what came out: two workers cannot both have the last place.
    local raised_s = numbers:incr(key, cost_s)
    if not raised_s then return begin(numbers, key, now_s, cost_s, tolerance_s) end    -- pushed out since we looked
    if raised_s - now_s > tolerance_s then
        numbers:incr(key, -cost_s)
        return false, wait_s(raised_s, now_s, tolerance_s), nil, 1
    end
    numbers:expire(key, tolerance_s + SLACK_S)
    return true, nil, nil, (raised_s - cost_s - now_s) / tolerance_s
end

-- How much of its burst an address has used, 0 to 1. It takes nothing.
function _M.used(numbers, slug, bytes, rate, burst, now_s)
    local empty_at_s = numbers:get(subject(slug, bytes)) or now_s
    return min(1, max(0, (empty_at_s - now_s) * rate / max(burst, 1)))
end

return _M
