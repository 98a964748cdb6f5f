-- Which alerting rules are silenced: Prometheus lists the rules, Alertmanager the silences.
-- Alertmanager itself exports only how many silences there are, and one may match everything.

local cjson = require("cjson.safe")

local _M = {}

-- Stands for any value of a label that a rule does not set itself.
local ANY = "postledger-any-value"

-- A regular expression that PCRE cannot read counts as a match: an alert too many is better than one too few.
local function has_value(matcher, value)
    local is_equal
    if matcher.isRegex then
        local from, _, err = ngx.re.find(value, "^(?:" .. matcher.value .. ")$", "s")
        is_equal = from ~= nil or err ~= nil
        if err ~= nil then
            return true
        end
    else
        is_equal = value == matcher.value
    end
    return is_equal == (matcher.isEqual ~= false)
end

-- Labels of series (source, instance …) are not known here: they may be absent or have any value.
local function accepts(matcher, labels)
    local value = labels[matcher.name]
    if value ~= nil and not value:find("{{", 1, true) then
        return has_value(matcher, value)
    end
    return has_value(matcher, "") or has_value(matcher, ANY)
end

local function is_silenced_by(silence, labels)
    for _, matcher in ipairs(silence.matchers) do
        if not accepts(matcher, labels) then
            return false
        end
    end
    return silence.status.state == "active"
end

-- True if any active silence matches an alert with these labels, whatever its series is.
function _M.is_silenced(silences, labels)
    for _, silence in ipairs(silences) do
        if is_silenced_by(silence, labels) then
            return true
        end
    end
    return false
end

local function labels_of(rule)
    local labels = { alertname = rule.name }
    for name, value in pairs(rule.labels or {}) do
        labels[name] = value
    end
    return labels
end

-- Several rules may have one name and one severity. Such an alert counts as silenced if all of them are.
function _M.judge(groups, silences)
    local judged = {}
    for _, group in ipairs(groups) do
        for _, rule in ipairs(group.rules) do
            local labels = labels_of(rule)
            local series = string.format('{alert="%s",severity="%s"}', rule.name, labels.severity or "")
            local silenced = _M.is_silenced(silences, labels)
            judged[series] = judged[series] ~= false and silenced
        end
    end
    return judged
end

local function expose(judged)
    local lines = {}
    for series, silenced in pairs(judged) do
        lines[#lines + 1] = "postledger_alert_silenced" .. series .. (silenced and " 1" or " 0")
    end
    table.sort(lines)
    table.insert(lines, 1, "# HELP postledger_alert_silenced 1 if an active silence matches every alert of this rule.")
    table.insert(lines, 2, "# TYPE postledger_alert_silenced gauge")
    return table.concat(lines, "\n") .. "\n"
end

-- Both get the client's Authorization. What they refuse is refused, so that nothing is shown without the password.
local function ask_both()
    local silences, rules = ngx.location.capture_multi({ { "/_silences" }, { "/_rules" } })
    for _, answer in ipairs({ silences, rules }) do
        if answer.status ~= 200 then
            return ngx.exit(answer.status == 401 and 401 or 502)
        end
    end
    return cjson.decode(silences.body), cjson.decode(rules.body)
end

-- Phase content of /metrics/silences.
function _M.serve()
    local silences, rules = ask_both()
    if type(silences) ~= "table" or type(rules) ~= "table" then
        return ngx.exit(502)
    end
    ngx.print(expose(_M.judge(rules.data.groups, silences)))
end

return _M
