// SPDX-License-Identifier: Apache-2.0
#include "stats/wilcoxon.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/distributions.h"
#include "stats/alternative.h"
#include "stats/midranks.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

double PValue(double w, double n, double m, double tie_sum, Alternative alternative, bool correct) {
  const double total = n + m;
  const double sigma = std::sqrt(n * m / 12 * ((total + 1) - tie_sum / (total * (total - 1))));
  const double above = w - n * m / 2;
  double correction = 0;
  if (correct) {
    switch (alternative) {
      case Alternative::kTwoSided: correction = above > 0 ? 0.5 : above < 0 ? -0.5 : 0; break;
      case Alternative::kGreater: correction = 0.5; break;
      case Alternative::kLess: correction = -0.5; break;
    }
  }
  const double z = (above - correction) / sigma;
  switch (alternative) {
    case Alternative::kLess: return core::NormalUpperTail(-z);
    case Alternative::kGreater: return core::NormalUpperTail(z);
    case Alternative::kTwoSided: break;
  }
  return core::NormalTwoSidedP(z);
}

Result<std::vector<std::size_t>> TwoGroups(const Analysis& analysis, const Midranks& ranks) {
  std::vector<std::size_t> groups;
  for (std::size_t g = 0; g < ranks.group_counts.size(); ++g) {
    if (ranks.group_counts[g] > 0) groups.push_back(g);
  }
  if (groups.size() > 2) {
    return analysis.Wrong("formula", "the group has " + std::to_string(groups.size()) +
                                         " levels with values, expected two; method kruskal takes "
                                         "more");
  }
  if (groups.size() < 2) {
    return analysis.Wrong("formula", "expected a column with two groups on the right of ~");
  }
  return groups;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const bool correct, analysis.Flag("correct", true));
  CLINNOVA_ASSIGN(const Alternative alternative, AlternativeOf(analysis));
  CLINNOVA_ASSIGN(const Midranks ranks, FindMidranks(federation, analysis));
  CLINNOVA_ASSIGN(const std::vector<std::size_t> groups, TwoGroups(analysis, ranks));
  CLINNOVA_ASSIGN(const RankSums sums, SumRanks(federation, analysis, ranks));
  const auto n = static_cast<double>(ranks.group_counts[groups[0]]);
  const auto m = static_cast<double>(ranks.group_counts[groups[1]]);
  const double w = sums.group_twice_ranks[groups[0]] / 2 - n * (n + 1) / 2;
  Json result;
  Json warnings = Json::array();
  result["n"] = ranks.n;
  result["n_missing"] = ranks.n_missing;
  result["statistic"] = w;
  if (ranks.tables[0].counts.size() == 1) {
    result["p_value"] = nullptr;
    warnings.push_back("all values have the same rank: there is no test");
  } else {
    result["p_value"] = NumberJson(PValue(w, n, m, ranks.TieSum(0), alternative, correct));
  }
  if (ranks.merged) warnings.push_back(MergedWarning(federation.minimum_count()));
  result["alternative"] = NameOf(alternative);
  result["groups"] = Json::array();
  for (const std::size_t g : groups) {
    result["groups"].push_back({{"level", ranks.levels[g]},
                                {"n", ranks.group_counts[g]},
                                {"rank_sum", sums.group_twice_ranks[g] / 2}});
  }
  result["warnings"] = std::move(warnings);
  return result;
}

constexpr std::string_view kOptions[] = {"formula", "correct", "alternative"};

}  // namespace

Method WilcoxonMethod() {
  return {"wilcoxon", "Wilcoxon's rank sum test of two groups", kOptions, MidrankSteps(), Run};
}

}  // namespace clinnova::stats
