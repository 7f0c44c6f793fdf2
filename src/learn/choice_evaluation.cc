// SPDX-License-Identifier: Apache-2.0
// Parts of a treatment choice's report: how well its outcome models predict.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "learn/choice_discrimination.h"
#include "learn/choice_report.h"
#include "stats/terms.h"

namespace clinnova::learn {
namespace {

using Json = nlohmann::ordered_json;
using federation::PooledSums;
using stats::NumberJson;

/// An area with the normal interval, which does not leave 0 to 1; null where there is none.
Json AucJson(const std::optional<Auc>& auc, double level) {
  if (!auc)
    return {
        {"auc", nullptr}, {"std_error", nullptr}, {"conf_low", nullptr}, {"conf_high", nullptr}};
  const ChoiceEstimate around = NormalEstimate(auc->auc, std::sqrt(auc->variance), level);
  const bool known = !std::isnan(around.std_error);
  return {{"auc", auc->auc},
          {"std_error", NumberJson(around.std_error)},
          {"conf_low", known ? Json(std::max(0.0, around.low)) : Json(nullptr)},
          {"conf_high", known ? Json(std::min(1.0, around.high)) : Json(nullptr)}};
}

/// `counts`: none for a continuous outcome.
Json PredictionJson(const std::vector<double>& sums, std::int64_t n,
                    std::span<const std::int64_t> counts, double level) {
  const ErrorSizes errors = ErrorSizesOf(sums, n);
  if (counts.empty()) {
    return {{"rmse", NumberJson(std::sqrt(std::max(0.0, errors.mean_square)))},
            {"r_squared", NumberJson(errors.explained)}};
  }
  Json entry = AucJson(AucOf(counts), level);
  entry["brier"] = NumberJson(errors.mean_square);
  entry["scaled_brier"] = NumberJson(errors.explained);
  return entry;
}

}  // namespace

Json DiscriminationJson(const ChoiceStory& story, const PooledSums& sums) {
  const double level = story.options.confidence_level;
  const std::vector<std::int64_t> counts = sums.Counts(kScoreCounts);
  std::vector<double> together(5);
  Json arms = Json::array();
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    std::vector<double> own(5);
    for (std::size_t i = 0; i < 5; ++i) {
      own[i] = sums.Number(kArmPredictions, 5 * a + i);
      together[i] += own[i];
    }
    const std::span<const std::int64_t> of_arm =
        counts.empty() ? std::span<const std::int64_t>()
                       : std::span(counts).subspan(2 * kScoreBins * a, 2 * kScoreBins);
    Json entry{{"arm", story.learned.arms[a]}};
    entry.update(PredictionJson(own, story.learned.arm_counts[a], of_arm, level));
    arms.push_back(std::move(entry));
  }
  const std::vector<std::int64_t> all =
      counts.empty() ? std::vector<std::int64_t>() : OverArms(counts);
  return {{"all", PredictionJson(together, story.frame.n(), all, level)},
          {"arms", std::move(arms)}};
}

}  // namespace clinnova::learn
