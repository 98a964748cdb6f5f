-- The policy in force. Its text lies in a shared dictionary under a serial number; each worker compiles a copy of its
-- own when that number has changed: a request sees one policy from start to end, and asking costs one look-up.

local snapshot = require("postledger.snapshot")

local _M = {}

local format = string.format

local shared = ngx.shared.postledger_policy
local compiled, compiled_serial, looked_at_s = nil, nil, nil

-- `copy_of` is the version of a policy that came from the disk: it may be days old, until the backend has spoken.
local function keep(policy, serial)
    policy.copy_of = shared:get("copy_serial") == serial and format("%d", policy.version) or nil
    compiled, compiled_serial = policy, serial
end

local function look()
    local serial = shared:get("serial")
    if serial ~= compiled_serial then
        -- Gone when it was replaced in this very moment; then the next request takes the newer one.
        local text = shared:get("text:" .. serial)
        if text then keep(snapshot.compile(text), serial) end
    end
end

-- The policy that holds now, or nil: nobody may speak when it is not known who may. Looked at once for each round of
-- nginx's events, whose clock stands still meanwhile.
function _M.current()
    local now_s = ngx.now()
    if now_s ~= looked_at_s then
        looked_at_s = now_s
        look()
    end
    return compiled
end

-- Puts a text in force at all workers. Returns true; or nil and the fault, and all stays as it was: the old text is
-- dropped only when the new one is complete, and never to make room for it.
function _M.install(text, is_copy)
    local policy, fault = snapshot.compile(text)
    if not policy then return nil, fault end

    local old = shared:get("serial") or 0
    if not shared:safe_set("text:" .. old + 1, text) then return nil, "too_large" end
    if is_copy then shared:set("copy_serial", old + 1) end
    shared:set("serial", old + 1)
    shared:delete("text:" .. old)
    keep(policy, old + 1)
    return true
end

-- Called when the backend gives out what cannot be taken: a copy from the disk is then the last good one, and no doubt
-- is left that could end.
function _M.stand_by()
    local serial = shared:get("serial")
    if serial and shared:get("copy_serial") == serial then _M.install(shared:get("text:" .. serial)) end
end

-- Called when the backend has said that this policy is still its own (or `at_s` ago, for a copy from the disk).
function _M.confirm(at_s)
    shared:set("confirmed_at_s", at_s)
end

-- How long ago the policy was known to be the backend's; infinite when there is none.
function _M.age_s(now_s)
    local confirmed_at_s = shared:get("confirmed_at_s")
    return confirmed_at_s and now_s - confirmed_at_s or math.huge
end

return _M
