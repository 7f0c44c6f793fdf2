// SPDX-License-Identifier: Apache-2.0
#include "stats/kruskal.h"

#include <nlohmann/json.hpp>

#include "core/distributions.h"
#include "stats/midranks.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

/// H from the distances of the groups' mean ranks from the middle: no digits are lost when they are small.
double Statistic(const Midranks& ranks, const RankSums& sums) {
  const auto n = static_cast<long double>(ranks.n);
  long double spread = 0;
  for (std::size_t g = 0; g < ranks.group_counts.size(); ++g) {
    const auto count = static_cast<long double>(ranks.group_counts[g]);
    if (count == 0) continue;
    const long double distance = (sums.group_twice_ranks[g] - count * (n + 1)) / 2;
    spread += distance * distance / count;
  }
  const long double ties = 1 - ranks.TieSum(0) / (n * n * n - n);
  return static_cast<double>(12 * spread / (n * (n + 1)) / ties);
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Midranks ranks, FindMidranks(federation, analysis));
  std::int64_t groups = 0;
  for (const std::int64_t count : ranks.group_counts) groups += count > 0;
  if (groups < 2) {
    return Fail(ErrorCode::kFailed, "analysis \"" + analysis.name() +
                                        "\": found one group with values, expected at least two");
  }
  CLINNOVA_ASSIGN(const RankSums sums, SumRanks(federation, analysis, ranks));
  Json result;
  Json warnings = Json::array();
  result["n"] = ranks.n;
  result["n_missing"] = ranks.n_missing;
  const bool tied = ranks.tables[0].counts.size() == 1;
  const double statistic = tied ? 0 : Statistic(ranks, sums);
  const double p = core::ChiSquaredUpperTail(statistic, static_cast<double>(groups - 1));
  result["statistic"] = tied ? Json(nullptr) : NumberJson(statistic);
  result["parameter"] = groups - 1;
  result["p_value"] = tied ? Json(nullptr) : NumberJson(p);
  if (tied) warnings.push_back("all values have the same rank: there is no test");
  if (ranks.merged) warnings.push_back(MergedWarning(federation.minimum_count()));
  result["groups"] = Json::array();
  for (std::size_t g = 0; g < ranks.group_counts.size(); ++g) {
    if (ranks.group_counts[g] == 0) continue;
    result["groups"].push_back({{"level", ranks.levels[g]},
                                {"n", ranks.group_counts[g]},
                                {"rank_sum", sums.group_twice_ranks[g] / 2}});
  }
  result["warnings"] = std::move(warnings);
  return result;
}

constexpr std::string_view kOptions[] = {"formula"};

}  // namespace

Method KruskalMethod() {
  return {"kruskal", "Kruskal-Wallis rank sum test of several groups", kOptions, MidrankSteps(),
          Run};
}

}  // namespace clinnova::stats
