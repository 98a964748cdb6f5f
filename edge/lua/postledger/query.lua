-- The parts of a query string, split and decoded as the backend does it: both must see the same names.
-- Not ngx.req.get_uri_args: that drops what comes after the hundredth, and gives `true` for a name without a value.

local _M = {}

local char, find, gsub, sub = string.char, string.find, string.gsub, string.sub

local function byte_of(hex)
    return char(tonumber(hex, 16))
end

-- Percent escapes into bytes; one that is broken stays as it is, and so never equals a name of ours.
function _M.unescape(text)
    if not find(text, "%", 1, true) then return text end
    return (gsub(text, "%%(%x%x)", byte_of))
end

local function decode(text)
    if find(text, "+", 1, true) then text = gsub(text, "+", " ") end
    return _M.unescape(text)
end

-- Name and value of the part that begins at `from`, the value as it was sent; and where the next part begins, nil after
-- the last. With plain searches only: LuaJIT compiles those, and no pattern.
function _M.part(query, from)
    local stop = find(query, "&", from, true)
    local last = stop and stop - 1 or #query
    local at = find(query, "=", from, true)
    if not at or at > last then at = last + 1 end
    return decode(sub(query, from, at - 1)), sub(query, at + 1, last), stop and stop + 1 or nil
end

-- The value of a parameter that stands there exactly once, else nil.
function _M.only(query, wanted)
    local found, count, from = nil, 0, 1
    while from do
        local name, value, following = _M.part(query, from)
        if name == wanted then found, count = value, count + 1 end
        from = following
    end
    return count == 1 and decode(found) or nil
end

-- Path and query of a request target, as it was sent.
function _M.split(target)
    local at = find(target, "?", 1, true)
    if not at then return target, "" end
    return sub(target, 1, at - 1), sub(target, at + 1)
end

return _M
