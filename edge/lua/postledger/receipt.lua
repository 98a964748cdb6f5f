-- The receipt: the name that every request gets here and keeps in the answer, the log and the audit row.
-- A module of its own, because it must come out the same whenever it is asked for, also when nginx refuses early.

local _M = {}

local floor = math.floor
local format = string.format
local sub = string.sub

-- A UUIDv7 (RFC 9562) from milliseconds since 1970 and 32 random hex digits.
-- A function of its arguments only: asked twice for one request it gives one receipt.
function _M.uuid7(unix_ms, random_hex)
    local time_hex = format("%012x", unix_ms)
    local variant = format("%x", 8 + tonumber(sub(random_hex, 4, 4), 16) % 4)

    return table.concat({
        sub(time_hex, 1, 8),
        sub(time_hex, 9, 12),
        "7" .. sub(random_hex, 1, 3),
        variant .. sub(random_hex, 5, 7),
        sub(random_hex, 8, 19),
    }, "-")
end

-- Computed, not stored: an error page runs the rewrite phase again, and both inputs stay what they were.
-- $request_id is 16 bytes of OpenSSL's random source.
function _M.of_request()
    return _M.uuid7(floor(ngx.req.start_time() * 1000), ngx.var.request_id)
end

return _M
