// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "stats/contingency_table.h"
#include "stats/glm.h"
#include "stats/histogram.h"
#include "stats/method.h"
#include "stats/summary.h"
#include "table/formula.h"

namespace clinnova::stats {

const std::vector<Method>& Methods() {
  static const std::vector<Method> kMethods = [] {
    std::vector<Method> methods = {ContingencyTableMethod(), GlmMethod(), HistogramMethod(), SummaryMethod()};
    std::sort(methods.begin(), methods.end(),
              [](const Method& a, const Method& b) { return a.name < b.name; });
    return methods;
  }();
  return kMethods;
}

const Method* FindMethod(std::string_view name) {
  for (const Method& method : Methods()) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

const federation::StepCatalog& Steps() {
  static const federation::StepCatalog kSteps = [] {
    federation::StepCatalog catalog;
    for (const Method& method : Methods()) catalog.Add(method.name, method.steps);
    return catalog;
  }();
  return kSteps;
}

Result<void> CheckAnalyses(const federation::Study& study) {
  for (const federation::Analysis& analysis : study.analyses()) {
    const Method* method = FindMethod(analysis.method());
    if (method == nullptr) {
      std::string list;
      for (const Method& known : Methods()) {
        list += (list.empty() ? "" : ", ") + std::string(known.name);
      }
      return analysis.Wrong("method", "found \"" + analysis.method() + "\", which is not there yet; there are " + list);
    }
    CLINNOVA_TRY(analysis.CheckKeys(method->options));
  }
  return {};
}

Result<nlohmann::ordered_json> RunAnalysis(federation::Federation& federation,
                                           const federation::Analysis& analysis) {
  const Method* method = FindMethod(analysis.method());
  if (method == nullptr) return analysis.Wrong("method", "unknown method " + analysis.method());
  const std::uint64_t rounds_before = federation.rounds();
  CLINNOVA_ASSIGN(nlohmann::ordered_json fields, method->run(federation, analysis));
  nlohmann::ordered_json result;
  result["name"] = analysis.name();
  result["method"] = analysis.method();
  for (const char* key : {"n", "n_missing"}) {
    if (fields.contains(key)) result[key] = fields[key];
  }
  result["rounds"] = federation.rounds() - rounds_before;
  result["converged"] = fields.value("converged", true);
  result["warnings"] = fields.value("warnings", nlohmann::ordered_json::array());
  for (auto& [key, value] : fields.items()) {
    if (!result.contains(key)) result[key] = std::move(value);
  }
  return result;
}

}  // namespace clinnova::stats
