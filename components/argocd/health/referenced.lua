-- An object that a controller judges only once something refers to it, which may be in a later sync wave, or in no
-- wiring at all: without an answer it is well; with a refusal of its newest generation it is not.
local generation = tonumber((obj.metadata or {}).generation) or 0
local status = obj.status or {}
local judged = {Accepted = true, NotAccepted = true, ResolvedRefs = true, Programmed = true, Attached = true}
local answers = 0

local function refusal(conditions)
  for _, condition in ipairs(conditions or {}) do
    if judged[condition.type] and (tonumber(condition.observedGeneration) or generation) >= generation then
      if condition.status == "False" then
        return condition.type .. ": " .. (condition.message or condition.reason or "")
      elseif condition.status == "True" then
        answers = answers + 1
      end
    end
  end
  return nil
end

local message = refusal(status.conditions)
for _, parents in ipairs({status.parents or {}, status.ancestors or {}}) do
  for _, parent in ipairs(parents) do
    message = message or refusal(parent.conditions)
  end
end
if message ~= nil then
  return {status = "Degraded", message = message}
end
return {status = "Healthy", message = answers > 0 and "Accepted" or "Nobody has judged it yet"}
