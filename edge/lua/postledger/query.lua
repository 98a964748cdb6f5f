-- The parts of a query string, split and decoded as the backend does it: both must see the same names.
-- Not ngx.req.get_uri_args: that drops what comes after the hundredth, and gives `true` for a name without a value.

local _M = {}

local char, find, gmatch, gsub, match, sub =
    string.char, string.find, string.gmatch, string.gsub, string.match, string.sub

local function byte_of(hex)
    return char(tonumber(hex, 16))
end

-- Percent escapes into bytes; one that is broken stays as it is, and so never equals a name of ours.
function _M.unescape(text)
    if not find(text, "%", 1, true) then return text end
    return (gsub(text, "%%(%x%x)", byte_of))
end

local function decode(text)
    return _M.unescape((gsub(text, "+", " ")))
end

-- Iterates over name and value, the value as it was sent.
function _M.parts(query)
    local next_part = gmatch(query, "[^&]+")
    return function()
        local part = next_part()
        if not part then return nil end

        local at = find(part, "=", 1, true)
        return decode(at and sub(part, 1, at - 1) or part), at and sub(part, at + 1) or ""
    end
end

-- The value of a parameter that stands there exactly once, else nil.
function _M.only(query, wanted)
    local found, count = nil, 0
    for name, value in _M.parts(query) do
        if name == wanted then found, count = value, count + 1 end
    end
    return count == 1 and decode(found) or nil
end

-- Path and query of a request target, as it was sent.
function _M.split(target)
    local path, query = match(target, "^([^?]*)%??(.*)$")
    return path, query
end

return _M
