// Text of a number in PromQL. Jsonnet itself writes 0.95 as 0.94999999999999996.
local fraction(x) = (
  local digits = 6;
  // std.round(0) is -0 in go-jsonnet; adding zero takes the sign off.
  local scaled = std.round(std.abs(x) * std.pow(10, digits)) + 0;
  local whole = std.floor(scaled / std.pow(10, digits));
  local rest = std.toString(scaled - whole * std.pow(10, digits));
  local places = std.rstripChars(std.repeat('0', digits - std.length(rest)) + rest, '0');
  (if x < 0 then '-' else '') + whole + (if places == '' then '' else '.' + places)
);
function(x) if std.floor(x) == x then std.toString(x + 0) else fraction(x)
