// SPDX-License-Identifier: Apache-2.0
// Parts of a treatment choice's report: how well its outcome models predict, whether they have enough persons, net benefit
// by threshold, what differs between sites, who gains by what, and how subgroups fare.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "learn/choice_calibration.h"
#include "learn/choice_discrimination.h"
#include "learn/choice_net_benefit.h"
#include "learn/choice_report.h"
#include "learn/choice_subgroups.h"
#include "stats/terms.h"

namespace clinnova::learn {
namespace {

using Json = nlohmann::ordered_json;
using federation::PooledSums;
using stats::NumberJson;

/// `counts`: none for a continuous outcome.
Json PredictionJson(const std::vector<double>& sums, std::int64_t n,
                    std::span<const std::int64_t> counts, double level) {
  const ErrorSizes errors = ErrorSizesOf(sums, n);
  if (counts.empty()) return ErrorSizesJson(errors, false);
  Json entry = AucJson(AucOf(counts), level);
  entry.update(ErrorSizesJson(errors, true));
  return entry;
}

/// One arm's counts of a value step's scores.
std::vector<std::int64_t> ScoresOf(const PooledSums& sums, std::size_t arm) {
  const std::vector<std::int64_t> counts = sums.Counts(kScoreCounts);
  const auto first = counts.begin() + static_cast<std::ptrdiff_t>(2 * kScoreBins * arm);
  return {first, first + static_cast<std::ptrdiff_t>(2 * kScoreBins)};
}

}  // namespace

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

Json CurveJson(const ChoiceStory& story, const PooledSums& sums, std::size_t arm) {
  const auto curve = CalibrationCurveOf(ScoresOf(sums, arm), story.minimum_count);
  if (!curve) {
    return {{"ici", nullptr}, {"e_50", nullptr}, {"e_90", nullptr}, {"curve", Json::array()}};
  }
  Json points = Json::array();
  for (const auto& [predicted, observed] : curve->points) {
    points.push_back({{"predicted", predicted}, {"observed", NumberJson(observed)}});
  }
  return {{"ici", NumberJson(curve->average)},
          {"e_50", NumberJson(curve->median)},
          {"e_90", curve->ninth_tenth ? NumberJson(*curve->ninth_tenth) : Json(nullptr)},
          {"curve", std::move(points)}};
}

Json SampleSizeJson(const ChoiceStory& story) {
  std::optional<std::size_t> parameters;
  if (!story.learned.forests) parameters = story.frame.columns() - 1;
  Json list = Json::array();
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    const auto size = SampleSizeOf(ScoresOf(story.judgement.sums, a), parameters);
    if (!size) continue;
    const auto criterion = [&](const char* name, std::optional<std::int64_t> needed, bool judged) {
      const Json enough = judged ? Json(needed && size->persons >= *needed) : Json(nullptr);
      return Json{{"criterion", name},
                  {"n_needed", needed ? Json(*needed) : Json(nullptr)},
                  {"enough", enough}};
    };
    list.push_back({{"arm", story.learned.arms[a]},
                    {"n", size->persons},
                    {"n_events", size->events},
                    {"parameters", parameters ? Json(*parameters) : Json(nullptr)},
                    {"r2_cox_snell", NumberJson(size->r_squared)},
                    {"criteria",
                     {criterion("shrinkage", size->needed.shrinkage, parameters.has_value()),
                      criterion("optimism", size->needed.optimism, parameters.has_value()),
                      criterion("overall_risk", size->needed.overall_risk, true)}}});
  }
  return list;
}

Json ErrorSizesJson(const ErrorSizes& errors, bool binary) {
  if (!binary) {
    return {{"rmse", NumberJson(std::sqrt(std::max(0.0, errors.mean_square)))},
            {"r_squared", NumberJson(errors.explained)}};
  }
  return {{"brier", NumberJson(errors.mean_square)},
          {"scaled_brier", NumberJson(errors.explained)}};
}

Json DiscriminationJson(const ChoiceStory& story, const PooledSums& sums) {
  const double level = story.options.confidence_level;
  const std::vector<std::int64_t> counts = sums.Counts(kScoreCounts);
  std::vector<double> together(kPredictionParts);
  Json arms = Json::array();
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    std::vector<double> own(kPredictionParts);
    for (std::size_t i = 0; i < kPredictionParts; ++i) {
      own[i] = sums.Number(kArmPredictions, kPredictionParts * a + i);
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

Json WithinSitesJson(const ChoiceStory& story) {
  const SiteComparison& sites = *story.judgement.between_sites;
  const auto entry = [&](std::size_t a) {
    const auto& area = sites.areas[a];
    Json json =
        AucJson(area ? std::optional(area->auc) : std::nullopt, story.options.confidence_level);
    json["sites"] = area ? Json(area->sites) : Json(nullptr);
    return json;
  };
  Json arms = Json::array();
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    Json arm{{"arm", story.learned.arms[a]}};
    arm.update(entry(a));
    arms.push_back(std::move(arm));
  }
  return {{"all", entry(story.learned.arms.size())}, {"arms", std::move(arms)}};
}

namespace {

/// `scale`: from that of the estimates to that which is told.
Json TogetherJson(const std::optional<BetweenSites>& between, double (*scale)(double)) {
  if (!between) return nullptr;
  return {{"sites", between->sites},
          {"estimate", NumberJson(scale(between->estimate))},
          {"conf_low", NumberJson(scale(between->around.low))},
          {"conf_high", NumberJson(scale(between->around.high))},
          {"tau2", NumberJson(between->tau2)},
          {"i2", NumberJson(between->i2)},
          {"q", NumberJson(between->q)},
          {"q_p_value", NumberJson(between->q_p_value)},
          {"prediction_low", NumberJson(scale(between->around.prediction_low))},
          {"prediction_high", NumberJson(scale(between->around.prediction_high))}};
}

}  // namespace

Json BetweenSitesJson(const ChoiceStory& story) {
  const SiteComparison& sites = *story.judgement.between_sites;
  Json json{{"gain", TogetherJson(sites.gain, [](double x) { return x; })}};
  if (story.learned.binary) json["auc"] = TogetherJson(sites.log_odds, core::Expit);
  json["shift"] = Json::array();
  for (const InputShift& shift : sites.shift) {
    json["shift"].push_back({{"input", shift.name},
                             {"stability_index", NumberJson(shift.index)},
                             {"index_if_alike", NumberJson(shift.expected)},
                             {"sites", sites.sites},
                             {"sites_shifted", shift.shifted[0]},
                             {"sites_much_shifted", shift.shifted[1]},
                             {"sites_missing_some", shift.missing[0]},
                             {"sites_missing_many", shift.missing[1]}});
  }
  return json;
}

namespace {

Json LineJson(const ChoiceStory& story, const ContrastLine& line) {
  const FittingLines& lines = *story.judgement.lines;
  const std::size_t p = story.frame.columns();
  std::vector<double> coefficients(p);
  stats::Matrix covariance(p, std::vector<double>(p));
  const auto column = [&](std::size_t i) { return static_cast<std::size_t>(lines.columns()[i]); };
  for (std::size_t i = 0; i < lines.columns().size(); ++i) {
    coefficients[column(i)] = line.coefficients[i];
    for (std::size_t j = 0; j < lines.columns().size(); ++j) {
      covariance[column(i)][column(j)] = line.covariance[i][j];
    }
  }
  story.frame.ToOriginalScale(coefficients, covariance);
  Json terms = Json::array();
  for (std::size_t i = 0; i < lines.columns().size(); ++i) {
    const std::size_t j = column(i);
    ChoiceEstimate estimate =
        NormalEstimate(coefficients[j], std::sqrt(std::max(0.0, covariance[j][j])),
                       story.options.confidence_level);
    estimate.p_value =
        estimate.std_error > 0 ? core::NormalTwoSidedP(estimate.estimate / estimate.std_error) : 1;
    Json term{{"term", story.frame.design().names()[j]}};
    const Json numbers = DifferenceJson(estimate);
    for (const auto& item : numbers.items()) {
      term[item.key()] = lines.aliased()[i] ? Json(nullptr) : item.value();
    }
    terms.push_back(std::move(term));
  }
  const auto degrees = static_cast<double>(line.degrees);
  return {
      {"first", story.learned.arms[line.first]},
      {"second", story.learned.arms[line.second]},
      {"terms", std::move(terms)},
      {"statistic", NumberJson(line.statistic)},
      {"df", line.degrees},
      {"p_value", line.degrees > 0 ? NumberJson(core::ChiSquaredUpperTail(line.statistic, degrees))
                                   : Json(nullptr)}};
}

}  // namespace

Json HeterogeneityJson(const ChoiceStory& story) {
  Json list = Json::array();
  for (const ContrastLine& line : story.judgement.lines->lines()) {
    list.push_back(LineJson(story, line));
  }
  return list;
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
    if (!told[t] || net.into[t] != static_cast<std::int64_t>(t)) {
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

Json SubgroupFitJson(const ChoiceStory& story, const GroupGain& group, bool told) {
  const double level = story.options.confidence_level;
  const SubgroupFit fit = told ? SubgroupFitOf(group.predictions, group.n, level) : SubgroupFit();
  Json json{{"observed", NumberJson(fit.observed)},
            {"predicted", NumberJson(fit.predicted)},
            {"difference", EstimateJson(fit.difference)}};
  json.update(ErrorSizesJson(fit.errors, story.learned.binary));
  if (story.learned.binary) {
    json["discrimination"] = AucJson(told ? AucOf(group.scores) : std::nullopt, level);
  }
  if (told) return json;
  for (auto& item : json.items()) item.value() = nullptr;
  return json;
}

Json SubgroupBenefitsJson(const ChoiceStory& story, const GroupGain& group, bool told) {
  const std::vector<std::string>& arms = story.learned.arms;
  Json list = Json::array();
  ForEachContrast(arms.size(), [&](std::size_t contrast, std::size_t a, std::size_t b) {
    const auto sums = std::span(group.contrasts);
    const SubgroupBenefit benefit =
        told ? SubgroupBenefitOf(sums.subspan(contrast * kContrastParts, kContrastParts), group.n,
                                 story.options.confidence_level)
             : SubgroupBenefit();
    Json numbers{{"predicted", NumberJson(benefit.predicted)}};
    numbers.update(EstimateJson(benefit.gain));
    numbers["slope"] = benefit.slope ? NumberJson(*benefit.slope) : Json(nullptr);
    Json entry{{"first", arms[a]}, {"second", arms[b]}};
    for (const auto& item : numbers.items())
      entry[item.key()] = told ? item.value() : Json(nullptr);
    list.push_back(std::move(entry));
  });
  return list;
}

}  // namespace clinnova::learn
