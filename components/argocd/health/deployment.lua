-- apps/Deployment: Argo CD's own rules, and one more for an Endpoint Picker with leader election. Its standbys never
-- become Ready (llm-d-router#2568), so it is well when its leader is available.
local metadata, spec, status = obj.metadata or {}, obj.spec or {}, obj.status or {}
local wanted = tonumber(spec.replicas) or 1
local replicas = tonumber(status.replicas) or 0
local updated = tonumber(status.updatedReplicas) or 0
local available = tonumber(status.availableReplicas) or 0

local function answer(health, message)
  return {status = health, message = message}
end

local function is_standby_pair()
  local template = spec.template or {}
  local labels = (template.metadata or {}).labels or {}
  if wanted < 2 or labels["app.kubernetes.io/component"] ~= "endpoint-picker" then
    return false
  end
  for _, container in ipairs((template.spec or {}).containers or {}) do
    for _, argument in ipairs(container.args or {}) do
      if argument == "--ha-enable-leader-election" or argument == "--ha-enable-leader-election=true" then
        return true
      end
    end
  end
  return false
end

local function deadline_exceeded()
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Progressing" and condition.reason == "ProgressDeadlineExceeded" then
      return true
    end
  end
  return false
end

if metadata.deletionTimestamp ~= nil then
  return answer("Progressing", "Pending deletion")
end
if spec.paused then
  return answer("Suspended", "The Deployment is paused")
end
if (tonumber(metadata.generation) or 0) > (tonumber(status.observedGeneration) or 0) then
  return answer("Progressing", "The controller has not seen the newest generation yet")
end
if is_standby_pair() and replicas <= updated and updated > 0 and available > 0 then
  local ready = available .. " of " .. wanted .. " replicas are available"
  return answer("Healthy", ready .. ": the leader; standbys are never Ready")
end
if deadline_exceeded() then
  return answer("Degraded", "The progress deadline is exceeded, " .. available .. " of " .. wanted .. " are available")
end
if updated < wanted then
  return answer("Progressing", updated .. " of " .. wanted .. " new replicas have been made")
end
if replicas > updated then
  return answer("Progressing", (replicas - updated) .. " old replicas have not gone yet")
end
if available < updated then
  return answer("Progressing", available .. " of " .. updated .. " new replicas are available")
end
return answer("Healthy", "")
