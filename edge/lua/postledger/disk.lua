-- The last good policy on disk, for an edge that starts while the backend is away.
-- The first line is the moment at which it was fetched, the rest is the snapshot as it came.

local _M = {}

local match = string.match

local PLACE = ngx.config.prefix() .. "policy/snapshot"

-- The text and the moment; nil when there is no copy. One without a first line of ours has no moment, and is no policy.
function _M.load()
    local file = io.open(PLACE, "rb")
    if not file then return nil end

    local content = file:read("*a") or ""
    file:close()
    local at_s, text = match(content, "^(%d+)\n(.*)$")
    return text or "", tonumber(at_s)
end

-- Written beside and renamed: whoever reads finds the old or the new one. Gives true, or nil and the system's words.
function _M.save(text, at_s)
    local file, failure = io.open(PLACE .. ".new", "wb")
    if not file then return nil, failure end

    local written, reason = file:write(string.format("%d\n", at_s), text)
    local closed = file:close()    -- a full disk shows only here
    if not written or not closed then return nil, reason or "close" end
    return os.rename(PLACE .. ".new", PLACE)
end

return _M
