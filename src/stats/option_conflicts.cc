// SPDX-License-Identifier: Apache-2.0
#include "stats/option_conflicts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace clinnova::stats {
namespace {

using federation::Analysis;

/// `key` has no part in what `method` does where `other` is there.
struct Replaced {
  std::string_view method;
  std::string_view key;
  std::string_view other;
};
constexpr Replaced kReplaced[] = {
    {"histogram", "bins", "breaks"},      {"kmeans", "starts", "initial"},
    {"kmeans", "seed", "initial"},        {"ttest", "formula", "y"},
    {"ttest", "equal_variance", "y"},     {"elastic_net", "seed", "fold_column"},
    {"elastic_net", "id", "fold_column"},
};

/// `key` is for analyses of `method` whose `of` is one of `words`; the others make nothing of it.
struct Needed {
  std::string_view method;
  std::string_view key;
  std::string_view of;
  std::vector<std::string_view> words;
  std::string_view otherwise;  ///< what `of` is when it is absent
};
const Needed kNeeded[] = {
    {"gee", "lag", "correlation", {"ar1"}, "independence"},
    {"mixed", "quadrature", "family", {"binomial", "poisson"}, "gaussian"},
    {"mixed", "reml", "family", {"gaussian"}, "gaussian"},
    {"effect", "outcome_family", "estimator", {"aipw", "gcomp", "tmle"}, "ipw"},
};

Result<void> CheckReplaced(const Analysis& analysis, const Replaced& pair) {
  if (pair.method != analysis.method() || !analysis.Has(pair.key) || !analysis.Has(pair.other)) {
    return {};
  }
  return analysis.Wrong(pair.key, "found it beside " + std::string(pair.other) +
                                      ", which takes its place, expected one of them");
}

Result<void> CheckNeeded(const Analysis& analysis, const Needed& needed) {
  if (needed.method != analysis.method() || !analysis.Has(needed.key)) return {};
  CLINNOVA_ASSIGN(const std::string word, analysis.Text(needed.of, needed.otherwise));
  if (std::find(needed.words.begin(), needed.words.end(), word) != needed.words.end()) return {};
  std::string list;
  for (const std::string_view allowed : needed.words) {
    list += (list.empty() ? "\"" : " or \"") + std::string(allowed) + "\"";
  }
  return analysis.Wrong(needed.key, "needs " + std::string(needed.of) + " = " + list);
}

/// A path of penalties is made by its length and end, or its penalties are given.
Result<void> CheckPath(const Analysis& analysis) {
  if (analysis.method() != "elastic_net" || !analysis.Has("lambda")) return {};
  if (analysis.json().at("lambda").is_string()) return {};
  CLINNOVA_TRY(CheckReplaced(analysis, {"elastic_net", "nlambda", "lambda"}));
  return CheckReplaced(analysis, {"elastic_net", "lambda_min_ratio", "lambda"});
}

/// What draws the folds needs folds to draw.
Result<void> CheckFolds(const Analysis& analysis) {
  if (analysis.method() != "elastic_net" || analysis.Has("folds") || analysis.Has("fold_column")) {
    return {};
  }
  for (const char* key : {"seed", "id"}) {
    if (analysis.Has(key)) return analysis.Wrong(key, "needs folds, which it is about");
  }
  return {};
}

}  // namespace

Result<void> CheckOptionConflicts(const Analysis& analysis) {
  for (const Replaced& pair : kReplaced) CLINNOVA_TRY(CheckReplaced(analysis, pair));
  for (const Needed& needed : kNeeded) CLINNOVA_TRY(CheckNeeded(analysis, needed));
  CLINNOVA_TRY(CheckPath(analysis));
  return CheckFolds(analysis);
}

}  // namespace clinnova::stats
