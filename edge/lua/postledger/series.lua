-- The text format of Prometheus: what is known about a family of series becomes lines. Apart from the families: each of
-- them knows what it counts, and none should know how that is written.

local _M = {}

local concat, sort = table.concat, table.sort
local format, match = string.format, string.match

local shared = ngx.shared.postledger_metrics

function _M.head(lines, name, kind, help)
    lines[#lines + 1] = format("# HELP %s %s\n# TYPE %s %s", name, help, name, kind)
end

-- All series of a family, by their two labels: those that were counted, and those that are known beforehand.
function _M.collect(prefix, zeros)
    local found = zeros
    for _, key in ipairs(shared:get_keys(0)) do
        local first, second = match(key, "^" .. prefix .. "|([^|]+)|([^|]+)$")
        if first then found[first .. "|" .. second] = shared:get(key) or 0 end
    end
    return found
end

-- A family of counters with two labels, from what `collect` gives.
function _M.write_counters(lines, name, help, labels, series)
    _M.head(lines, name, "counter", help)
    local written = {}
    for key, value in pairs(series) do
        local first, second = match(key, "^([^|]+)|(.+)$")
        written[#written + 1] = format('%s{%s="%s",%s="%s"} %d', name, labels[1], first, labels[2], second, value)
    end
    sort(written)
    lines[#lines + 1] = #written > 0 and concat(written, "\n") or nil
end

-- A family with one label: the values in the order of `names`, by name.
function _M.write_labelled(lines, name, kind, help, label, names, value_of)
    _M.head(lines, name, kind, help)
    for _, one in ipairs(names) do
        lines[#lines + 1] = format('%s{%s="%s"} %.14g', name, label, one, value_of(one))
    end
end

-- A family of one series, without a label.
function _M.write_value(lines, name, kind, help, value)
    _M.head(lines, name, kind, help)
    local text = value == math.huge and "+Inf" or format("%.14g", value)
    lines[#lines + 1] = name .. " " .. text
end

return _M
