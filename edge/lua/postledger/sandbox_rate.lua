-- How often one address may request what partners request: the sandbox and receipts. The numbers have a dictionary of
-- their own, so that no request here uses up the quota of a postback.

local quota = require("postledger.quota")

local _M = {}

local sha1 = ngx.sha1_bin

local numbers = ngx.shared.postledger_sandbox

local KNOWN, STRANGER = { rate = 5, burst = 40 }, { rate = 1, burst = 5 }
local WHOLE = { rate = 50, burst = 50 }
local REMEMBER_S = 60    -- a revoked token has its higher rate for as long, and opens nothing

local function key_of(token)
    return "token:" .. sha1(token)
end

-- Whether one more request passes, or false and the seconds to wait. Only a token that the sandbox has found valid
-- gives the higher rate: a made-up one must not. `subject` is the slug of a source, or a word for requests without one.
function _M.take(subject, bytes, token, now_s)
    local is_known = token and numbers:get(key_of(token))
    local limits = is_known and KNOWN or STRANGER
    local passes, wait_s = quota.take(
        numbers, (is_known and "known:" or "stranger:") .. subject, bytes, limits.rate, limits.burst, now_s)
    if not passes then return false, wait_s end
    passes, wait_s = quota.take(numbers, "whole", "", WHOLE.rate, WHOLE.burst, now_s)
    return passes, wait_s
end

-- Remembers a token that the sandbox has found valid: its digest, never the token.
function _M.remember(token)
    numbers:set(key_of(token), true, REMEMBER_S)
end

return _M
