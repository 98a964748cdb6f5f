-- Whose postback is it? The slug is read from the very bytes that the backend reads it from. The two must agree, or a
-- sender could be judged here by one source's allowlist and booked there for another.

local query = require("postledger.query")

local _M = {}

-- The reserved source of the self-test, which no series of a metric names.
_M.SELFTEST = "postledger-selftest"

local find, sub = string.find, string.sub

local IN_QUERY = { ["/tracking/postback"] = true, ["/sandbox/postback"] = true }

local function slug_after(path, start)
    if sub(path, 1, #start) ~= start then return nil end
    local slug = sub(path, #start + 1)
    return slug ~= "" and not find(slug, "/", 1, true) and slug or nil
end

-- `path` and `arguments` are what was sent, `normalized` is nginx's $uri. Gives true and the slug, which is nil where
-- there is none; false when nginx came to this route by taking dot segments or double slashes out, as the backend never
-- would.
function _M.slug(path, arguments, normalized)
    if path ~= normalized and query.unescape(path) ~= normalized then return false end

    normalized = query.without_last_slash(normalized)
    if IN_QUERY[normalized] then return true, query.only(arguments, "source") end
    return true, slug_after(normalized, "/tracking/postback/") or slug_after(normalized, "/sandbox/postback/")
end

return _M
