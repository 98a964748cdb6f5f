-- Whose postback is it? The slug is read from the very bytes that the backend reads it from. The two must agree, or a
-- sender could be judged here by one source's allowlist and booked there for another.

local query = require("postledger.query")

local _M = {}

local match = string.match

local IN_QUERY = { ["/tracking/postback"] = true, ["/sandbox/postback"] = true }

-- `target` is what was sent, `normalized` is nginx's $uri. Gives true and the slug, which is nil where there is none;
-- false when nginx came to this route by taking dot segments or double slashes out, as the backend never would.
function _M.slug(target, normalized)
    local path, arguments = query.split(target)
    if path ~= normalized and query.unescape(path) ~= normalized then return false end

    if IN_QUERY[normalized] then return true, query.only(arguments, "source") end
    return true, match(normalized, "^/%l+/postback/([^/]+)$")
end

return _M
