// SPDX-License-Identifier: Apache-2.0
#include "federation/step.h"

namespace clinnova::federation {

void StepCatalog::Add(std::string_view method, std::vector<const Step*> steps) {
  std::vector<const Step*>& known = steps_[std::string(method)];
  known.insert(known.end(), steps.begin(), steps.end());
}

const Step* StepCatalog::Find(std::string_view method, std::string_view name) const {
  const auto found = steps_.find(method);
  if (found == steps_.end()) return nullptr;
  for (const Step* step : found->second) {
    if (step->name() == name) return step;
  }
  return nullptr;
}

std::vector<std::string> StepCatalog::Names(std::string_view method) const {
  std::vector<std::string> names;
  const auto found = steps_.find(method);
  if (found == steps_.end()) return names;
  for (const Step* step : found->second) names.emplace_back(step->name());
  return names;
}

bool StepCatalog::Knows(std::string_view method) const { return steps_.contains(method); }

}  // namespace clinnova::federation
