// SPDX-License-Identifier: Apache-2.0
// Parts of a treatment choice's report: how well its outcome models predict, net benefit by threshold.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "learn/choice_discrimination.h"
#include "learn/choice_net_benefit.h"
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

Json NetBenefitJson(const ChoiceStory& story, const std::vector<std::int64_t>& known,
                    const std::vector<std::int64_t>& secret, std::vector<std::string>& suppressed) {
  const NetBenefitSums& net = *story.judgement.net_benefit;
  const std::vector<bool> told = ToldThresholds(net.switched, known, secret, story.minimum_count);
  const std::string reference = story.learned.arms[net.reference];
  Json rows = Json::array();
  for (std::size_t t = 0; t < net.thresholds.size(); ++t) {
    const double threshold = net.thresholds[t];
    const std::int64_t n = story.frame.n();
    const ChoiceEstimate rule = RuleNetBenefit(net, t, n, story.options.confidence_level);
    Json row{{"threshold", threshold},
             {"n_switched", net.switched[t]},
             {"share_switched", static_cast<double>(net.switched[t]) / static_cast<double>(n)},
             {"rule", EstimateJson(rule)},
             {"drugs", Json::array()}};
    double largest = 0;
    std::string best = reference;
    for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
      if (a == net.reference) continue;
      ChoiceEstimate drug = story.judgement.policies.Gain(1 + a, 1 + net.reference);
      for (double* part : {&drug.estimate, &drug.low, &drug.high}) *part -= threshold;
      Json entry{{"drug", story.learned.arms[a]}};
      entry.update(EstimateJson(drug));
      row["drugs"].push_back(std::move(entry));
      if (drug.estimate > largest) best = story.learned.arms[a];
      largest = std::max(largest, drug.estimate);
    }
    row["best"] = rule.estimate > largest ? "rule" : best;
    if (!told[t]) {
      const std::string path = "/net_benefit/thresholds/" + std::to_string(t) + "/";
      for (const char* key : {"n_switched", "share_switched", "rule", "best"}) {
        row[key] = nullptr;
        suppressed.push_back(path + key);
      }
    }
    rows.push_back(std::move(row));
  }
  return {{"reference", reference},
          {"reference_kind", story.guideline >= 0 ? "guideline" : "best_single"},
          {"thresholds", std::move(rows)}};
}

}  // namespace clinnova::learn
