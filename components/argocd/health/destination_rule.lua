-- networking.istio.io/DestinationRule: istiod writes a status only where its analysis is switched on.
local status = obj.status or {}

for _, message in ipairs(status.validationMessages or {}) do
  if message.level == "ERROR" then
    local kind = message.type or {}
    return {status = "Degraded", message = (kind.code or "") .. " " .. (kind.name or "")}
  end
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Reconciled" and condition.status == "False" then
    return {status = "Progressing", message = condition.message or "Not every proxy has the newest configuration"}
  end
end
return {status = "Healthy", message = ""}
