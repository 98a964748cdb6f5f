-- The receipt: the name that every request gets here and keeps in the answer, the log and the audit row.
-- A module of its own, because it must come out the same whenever it is asked for, also when nginx refuses early.

local _M = {}

local byte, format, sub = string.byte, string.format, string.sub
local floor = math.floor

-- The digit that tells RFC 9562's variant, by any hex digit: its two highest bits become 10. A table, because reading a
-- digit as a number is something that LuaJIT does not compile, and this is done for every request.
local VARIANT = {}
for digit = 0, 15 do VARIANT[byte(format("%x", digit))] = format("%x", 8 + digit % 4) end

-- Requests of one millisecond begin alike.
local last_ms, last_start = nil, nil

local function start_of(unix_ms)
    if unix_ms ~= last_ms then
        local time_hex = format("%012x", unix_ms)
        last_ms, last_start = unix_ms, sub(time_hex, 1, 8) .. "-" .. sub(time_hex, 9, 12) .. "-7"
    end
    return last_start
end

-- A UUIDv7 (RFC 9562) from milliseconds since 1970 and 32 random hex digits.
-- A function of its arguments only: asked twice for one request it gives one receipt.
function _M.uuid7(unix_ms, random_hex)
    return start_of(unix_ms) .. sub(random_hex, 1, 3) .. "-" .. VARIANT[byte(random_hex, 4)]
        .. sub(random_hex, 5, 7) .. "-" .. sub(random_hex, 8, 19)
end

-- Computed, not stored: an error page runs the rewrite phase again, and both inputs stay what they were.
-- $request_id is 16 bytes of OpenSSL's random source. The last receipt is kept, because a refusal asks twice in a row.
local last_random, last_receipt = nil, nil

function _M.of_request()
    local random_hex = ngx.var.request_id
    if random_hex ~= last_random then
        last_random, last_receipt = random_hex, _M.uuid7(floor(ngx.req.start_time() * 1000), random_hex)
    end
    return last_receipt
end

return _M
