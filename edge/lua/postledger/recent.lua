-- What was worked out lately, by its key, so that it is not worked out again: in one look-up, which LuaJIT compiles as
-- part of whatever asks, where a loop would leave all that is around it to the interpreter.
-- Bounded: a full one forgets everything, because an attacker can think of ever new keys.

local _M = {}

-- An empty one for at most so many values; `recent.known[key]` is the value, or nil.
function _M.new(most)
    return { known = {}, count = 0, most = most }
end

-- Keeps the value, and gives it back.
function _M.keep(recent, key, value)
    if recent.count >= recent.most then recent.known, recent.count = {}, 0 end
    recent.known[key], recent.count = value, recent.count + 1
    return value
end

return _M
