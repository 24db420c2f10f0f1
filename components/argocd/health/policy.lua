-- A policy that a gateway must judge: well when every ancestor that it attaches to has accepted its newest generation.
local generation = tonumber((obj.metadata or {}).generation) or 0
local accepted, stale = 0, false

for _, ancestor in ipairs((obj.status or {}).ancestors or {}) do
  for _, condition in ipairs(ancestor.conditions or {}) do
    if condition.type == "Accepted" or condition.type == "ResolvedRefs" then
      if (tonumber(condition.observedGeneration) or generation) < generation then
        stale = true
      elseif condition.status == "False" then
        return {status = "Degraded", message = condition.type .. ": " .. (condition.message or condition.reason or "")}
      elseif condition.type == "Accepted" and condition.status == "True" then
        accepted = accepted + 1
      end
    end
  end
end
if stale or accepted == 0 then
  return {status = "Progressing", message = "Waiting for a gateway to accept the policy"}
end
return {status = "Healthy", message = "Accepted by " .. accepted .. " ancestor(s)"}
