// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "core/text.h"
#include "learn/choice_subgroups.h"
#include "stats/contingency_table.h"
#include "stats/terms.h"

namespace clinnova::learn {
namespace {

using Json = nlohmann::ordered_json;
using core::Significant;
using stats::NumberJson;

enum class GroupKind { kBenefit, kSubgroup };

class Report {
 public:
  explicit Report(const ChoiceStory& story)
      : story_(story),
        arms_(story.learned.arms),
        policies_(story.judgement.policies),
        best_(policies_.BestArm()),
        recommended_(Recommended()),
        hidden_recommended_(HiddenRecommended()),
        rule_told_(policies_.Told(0)),
        hidden_cells_(
            stats::HiddenCells(Cells(), arms_.size(), arms_.size(), story.minimum_count)) {}

  Json Write() {
    Json result;
    result["n"] = story_.frame.n();
    result["n_missing"] = story_.frame.n_missing();
    result["converged"] = true;
    result["warnings"] = Warnings();
    result["verdict"] = Verdict(story_);
    result["beats_best_single"] = story_.judgement.beats_best_single;
    result["gain"] = Gain();
    result["gain_by_drug"] = GainByDrug();
    result["policies"] = Policies();
    result["arms"] = Arms();
    result["outcome_family"] = story_.learned.binary ? "binomial" : "gaussian";
    result["direction"] = story_.options.higher_is_better ? "higher" : "lower";
    result["conf_level"] = story_.options.confidence_level;
    result["discrimination"] = DiscriminationJson(story_, story_.judgement.sums);
    if (story_.judgement.between_sites && story_.learned.binary) {
      result["discrimination"]["within_sites"] = WithinSitesJson(story_);
    }
    if (story_.options.evaluation.calibration) {
      result["calibration_for_benefit"] = Groups(GroupKind::kBenefit);
      result["calibration"] = Calibration();
      result["benefit"] = Benefit();
      result["congruence"] = Congruence();
    }
    if (story_.judgement.net_benefit) result["net_benefit"] = NetBenefit();
    if (story_.judgement.lines) result["heterogeneity"] = HeterogeneityJson(story_);
    if (story_.judgement.policy_tree) result["policy_tree"] = PolicyTreeJson(story_, suppressed_);
    if (story_.judgement.causal_forest) {
      result["causal_forest"] = CausalForestJson(story_, suppressed_);
    }
    if (story_.judgement.between_sites) result["between_sites"] = BetweenSitesJson(story_);
    result["overlap"] = Overlap();
    result["balance"] = Balance();
    result["ess"] = NumberJson(TotalEss());
    if (story_.options.evaluation.subgroups) result["subgroups"] = Groups(GroupKind::kSubgroup);
    if (story_.options.evaluation.leave_one_site_out) result["leave_one_site_out"] = WithoutSite();
    result["e_value"] = EValue();
    if (story_.learned.binary) result["sample_size"] = SampleSizeJson(story_);
    result["learning"] = Learning();
    result["formula"] = story_.frame.formula().text();
    if (!suppressed_.empty()) result["suppressed"] = suppressed_;
    return result;
  }

 private:
  bool Small(std::int64_t count) const { return count != 0 && count < story_.minimum_count; }

  /// The value, or null in its place.
  Json Unless(bool hidden, const std::string& path, Json value) {
    if (!hidden) return value;
    suppressed_.push_back(path);
    return nullptr;
  }

  /// Which parts of a whole that is told must stay hidden: small ones, and those from which they would follow.
  std::vector<bool> HiddenParts(const std::vector<std::int64_t>& counts,
                                const std::vector<bool>& also = {}) const {
    return stats::HiddenCells(counts, 1, counts.size(), story_.minimum_count, also);
  }

  std::vector<std::int64_t> CountsFrom(std::size_t block, std::size_t first,
                                       std::size_t size) const {
    std::vector<std::int64_t> counts;
    for (std::size_t i = 0; i < size; ++i) {
      counts.push_back(story_.judgement.sums.Count(block, first + i));
    }
    return counts;
  }

  /// Persons by recommended and received arm.
  std::vector<std::int64_t> Cells() const { return story_.judgement.sums.Counts(kChosenReceived); }

  std::vector<std::int64_t> Recommended() const {
    std::vector<std::int64_t> recommended(arms_.size());
    const std::vector<std::int64_t> cells = Cells();
    for (std::size_t i = 0; i < cells.size(); ++i) recommended[i / arms_.size()] += cells[i];
    return recommended;
  }

  /// Also the arms that all but few are recommended: everybody's number is told, and n_changed is of the others.
  std::vector<bool> HiddenRecommended() const {
    std::vector<bool> nearly_all;
    for (const std::int64_t count : recommended_) {
      nearly_all.push_back(Small(story_.frame.n() - count));
    }
    return HiddenParts(recommended_, nearly_all);
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = story_.learned.warnings;
    for (const std::string& warning : story_.judgement.warnings) warnings.push_back(warning);
    std::string trimmed;
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      if (story_.judgement.sums.Count(kTrimmedRows, a) * 20 < story_.frame.n()) continue;
      trimmed += (trimmed.empty() ? "" : ", ") + arms_[a];
    }
    if (!trimmed.empty()) {
      warnings.push_back(
          "hardly any overlap: more than a twentieth of the persons had almost no chance of " +
          trimmed + "; values rest on the outcome model there");
    }
    return warnings;
  }

  /// Says that what follows from the rule's value is withheld, where it is.
  void Suppress(std::initializer_list<std::string> paths) {
    if (!rule_told_) suppressed_.insert(suppressed_.end(), paths);
  }

  Json Gain() {
    Json gain = DifferenceJson(policies_.GainOverBest());
    for (const auto& number : gain.items()) Suppress({"/gain/" + number.key()});
    gain["best_single"] = arms_[best_];
    gain["n_changed"] =
        Unless(hidden_recommended_[best_], "/gain/n_changed", story_.judgement.changed);
    return gain;
  }

  Json GainByDrug() {
    Json list = Json::array();
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      Suppress({"/gain_by_drug/" + std::to_string(a)});
      Json entry{{"over", arms_[a]}};
      entry.update(DifferenceJson(policies_.Gain(0, 1 + a)));
      list.push_back(std::move(entry));
    }
    return list;
  }

  Json Policies() {
    std::vector<std::string> names = {"rule"};
    names.insert(names.end(), arms_.begin(), arms_.end());
    names.emplace_back("current practice");
    names.emplace_back("random");
    if (story_.guideline >= 0) names.emplace_back("guideline");
    if (story_.judgement.policy_tree) names.emplace_back("policy tree");
    Json list = Json::array();
    for (std::size_t i = 0; i < names.size(); ++i) {
      Json entry{{"policy", names[i]}};
      entry["kind"] = i == 0                           ? "rule"
                      : i <= arms_.size()              ? "single_drug"
                      : names[i] == "current practice" ? "current_practice"
                      : names[i] == "policy tree"      ? "policy_tree"
                                                       : names[i];
      const Json value = EstimateJson(policies_.Value(i));
      entry["value"] = value["estimate"];
      for (const char* key : {"std_error", "conf_low", "conf_high"}) entry[key] = value[key];
      if (i > 0) entry["gain_of_rule"] = DifferenceJson(policies_.Gain(0, i));
      const std::string path = "/policies/" + std::to_string(i);
      if (!policies_.Told(i)) suppressed_.push_back(path);
      if (i > 0 && policies_.Told(i)) Suppress({path + "/gain_of_rule"});
      list.push_back(std::move(entry));
    }
    if (story_.judgement.forest_policies)
      list.push_back(ForestPolicy("/policies/" + std::to_string(list.size())));
    return list;
  }

  Json ForestPolicy(const std::string& path) {
    const PolicyValues& policies = *story_.judgement.forest_policies;
    const std::size_t last = policies.values.size() - 1;
    const Json value = EstimateJson(policies.Value(last));
    Json entry{
        {"policy", "causal forest"}, {"kind", "causal_forest"}, {"value", value["estimate"]}};
    for (const char* key : {"std_error", "conf_low", "conf_high"}) entry[key] = value[key];
    entry["gain_of_rule"] = DifferenceJson(policies.Gain(0, last));
    if (!policies.Told(last)) suppressed_.push_back(path);
    if (policies.Told(last)) Suppress({path + "/gain_of_rule"});
    return entry;
  }

  Json Arms() {
    Json list = Json::array();
    const auto& sums = story_.judgement.sums;
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const std::string path = "/arms/" + std::to_string(a);
      const std::size_t agreed = a * arms_.size() + a;
      const std::int64_t trimmed = sums.Count(kTrimmedRows, a);
      list.push_back({{"arm", arms_[a]},
                      {"n", story_.learned.arm_counts[a]},
                      {"n_recommended",
                       Unless(hidden_recommended_[a], path + "/n_recommended", recommended_[a])},
                      {"n_recommended_and_received",
                       Unless(hidden_cells_[agreed], path + "/n_recommended_and_received",
                              sums.Count(kChosenReceived, agreed))},
                      {"ess", NumberJson(Ess(a))},
                      {"n_trimmed", Unless(Small(trimmed), path + "/n_trimmed", trimmed)}});
    }
    return list;
  }

  double Ess(std::size_t arm) const {
    const double sum = story_.judgement.sums.Number(kArmWeights, arm);
    return sum * sum / story_.judgement.sums.Number(kArmWeights, arms_.size() + arm);
  }
  double TotalEss() const {
    double sum = 0;
    double squares = 0;
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      sum += story_.judgement.sums.Number(kArmWeights, a);
      squares += story_.judgement.sums.Number(kArmWeights, arms_.size() + a);
    }
    return sum * sum / squares;
  }

  Json Groups(GroupKind kind) {
    const bool subgroups = kind == GroupKind::kSubgroup;
    Json list = Json::array();
    const std::string path = !subgroups ? "/calibration_for_benefit/" : "/subgroups/";
    for (const GroupGain& group : story_.judgement.groups) {
      if (subgroups == group.of.empty()) continue;
      Json entry;
      if (!subgroups) {
        entry["group"] = std::stoi(group.label);
      } else {
        entry = {{"variable", group.of}, {"level", group.label}};
      }
      const bool withheld = group.withheld || group.n == 1;
      const bool told = !withheld && group.n > 0;
      entry["n"] = withheld ? Json(nullptr) : Json(group.n);
      entry["predicted"] = told ? NumberJson(group.predicted) : Json(nullptr);
      Json gain = EstimateJson(group.gain);
      for (const auto& item : gain.items()) entry[item.key()] = told ? item.value() : Json(nullptr);
      if (withheld) suppressed_.push_back(path + std::to_string(list.size()));
      if (subgroups) {
        entry["benefit"] = SubgroupBenefitsJson(story_, group, told);
        entry["outcome"] = SubgroupFitJson(story_, group, told && !group.outcome_withheld);
        if (told && group.outcome_withheld) {
          suppressed_.push_back(path + std::to_string(list.size()) + "/outcome");
        }
      }
      list.push_back(std::move(entry));
    }
    return list;
  }

  Json Calibration() {
    Json calibration;
    const auto& sums = story_.judgement.sums;
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      const auto part = [&](std::size_t i) {
        return sums.Number(kArmPredictions, kPredictionParts * a + i);
      };
      const auto n = static_cast<double>(story_.learned.arm_counts[a]);
      Json entry{{"predicted", NumberJson(part(0) / n)}, {"observed", NumberJson(part(3) / n)}};
      if (story_.learned.binary) {
        const Recalibration& fit = story_.judgement.recalibration[a];
        entry["intercept"] = fit.intercept ? NumberJson(fit.intercept->estimate) : Json(nullptr);
        entry["slope"] = fit.slope ? NumberJson(fit.slope->estimate) : Json(nullptr);
        entry["slope_std_error"] = fit.slope ? NumberJson(fit.slope->std_error) : Json(nullptr);
        entry.update(CurveJson(story_, sums, a));
        HideIfNull(entry["e_90"], entry["ici"], "/calibration/" + arms_[a] + "/e_90");
        entry["bins"] = Bins(a);
      } else {
        const double slope = (part(2) - part(0) * part(3) / n) / (part(1) - part(0) * part(0) / n);
        entry["intercept"] = NumberJson(part(3) / n - slope * part(0) / n);
        entry["slope"] = NumberJson(slope);
        entry["r_squared"] =
            NumberJson(1 - (part(4) - 2 * part(2) + part(1)) / (part(4) - part(3) * part(3) / n));
      }
      calibration[arms_[a]] = std::move(entry);
    }
    return calibration;
  }

  /// A number that is missing beside one that is there is withheld.
  void HideIfNull(const Json& number, const Json& beside, const std::string& path) {
    if (number.is_null() && !beside.is_null()) suppressed_.push_back(path);
  }

  Json Bins(std::size_t arm) {
    Json bins = Json::array();
    const auto& sums = story_.judgement.sums;
    const std::vector<bool> hidden =
        HiddenParts(CountsFrom(kCalibrationRows, arm * kCalibrationBins, kCalibrationBins));
    for (std::size_t b = 0; b < kCalibrationBins; ++b) {
      const std::size_t at = arm * kCalibrationBins + b;
      const std::int64_t count = sums.Count(kCalibrationRows, at);
      if (count == 0) continue;
      const bool told = !hidden[b];
      if (!told) {
        suppressed_.push_back("/calibration/" + arms_[arm] + "/bins/" +
                              std::to_string(bins.size()));
      }
      const auto mean = [&](const std::vector<double>& bin_sums) {
        return told ? NumberJson(bin_sums[at] / static_cast<double>(count)) : Json(nullptr);
      };
      bins.push_back({{"low", static_cast<double>(b) / kCalibrationBins},
                      {"high", static_cast<double>(b + 1) / kCalibrationBins},
                      {"n", told ? Json(count) : Json(nullptr)},
                      {"predicted", mean(story_.judgement.calibration_predicted)},
                      {"observed", mean(story_.judgement.calibration_observed)}});
    }
    return bins;
  }

  Json Benefit() const {
    Json list = Json::array();
    for (const ContrastBenefit& contrast : story_.judgement.benefit->contrasts) {
      Json entry = ContrastBenefitJson(story_, contrast);
      if (story_.learned.binary) {
        entry["brier_for_benefit"] = contrast.brier ? NumberJson(*contrast.brier) : Json(nullptr);
        entry["cross_entropy_for_benefit"] =
            contrast.cross_entropy ? NumberJson(*contrast.cross_entropy) : Json(nullptr);
      }
      list.push_back(std::move(entry));
    }
    return list;
  }

  /// Those who received what the rule recommends beside those who did not: not adjusted for anything.
  /// The first are the arms' n_recommended_and_received, and both are everybody: either side tells of the other, so that
  /// both are told or neither.
  Json Congruence() {
    const std::vector<double>& sum = story_.judgement.benefit->outcomes;
    std::int64_t n[2] = {};
    bool hidden = false;
    for (std::size_t i = 0; i < hidden_cells_.size(); ++i) {
      const bool agreed = i / arms_.size() == i % arms_.size();
      n[agreed ? 0 : 1] += story_.judgement.sums.Count(kChosenReceived, i);
      hidden = hidden || (agreed && hidden_cells_[i]);
    }
    hidden = hidden || Small(n[0]) || Small(n[1]);
    Json json;
    for (const std::size_t side : {0, 1}) {
      const std::string key = side == 0 ? "received_recommended" : "received_another";
      const std::string path = "/congruence/" + key;
      const Json outcome = NumberJson(sum[side] / static_cast<double>(n[side]));
      json[key] = {{"n", Unless(hidden, path + "/n", n[side])},
                   {"outcome", Unless(hidden, path + "/outcome", outcome)}};
    }
    return json;
  }

  /// Persons with the largest predicted gains over the reference are also those whom the rule gives another drug, and
  /// those of the upper groups of predicted benefit.
  Json NetBenefit() {
    const std::size_t reference = story_.judgement.net_benefit->reference;
    const std::int64_t n = story_.frame.n();
    std::vector<std::int64_t> known = {n, 0};
    std::vector<std::int64_t> secret;
    const bool told = rule_told_ && !hidden_recommended_[reference];
    (told ? known : secret).push_back(n - recommended_[reference]);
    if (reference != best_) return NetBenefitJson(story_, known, secret, suppressed_);
    bool withheld = false;
    std::vector<std::int64_t> above;
    std::int64_t sum = 0;
    const std::vector<GroupGain>& groups = story_.judgement.groups;
    for (std::size_t g = groups.size(); g-- > 0;) {
      if (!groups[g].of.empty()) continue;
      sum += groups[g].n;
      above.push_back(sum);
      withheld = withheld || groups[g].withheld;
    }
    if (!above.empty()) above.pop_back();  // everybody
    auto& to = withheld ? secret : known;
    to.insert(to.end(), above.begin(), above.end());
    return NetBenefitJson(story_, known, secret, suppressed_);
  }

  Json Overlap() {
    Json list = Json::array();
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      Json entry{{"arm", arms_[a]}};
      for (std::size_t other = 0; other < 2; ++other) {
        Json counts = Json::array();
        const char* key = other == 0 ? "received" : "not_received";
        const std::vector<std::int64_t> parts =
            CountsFrom(kOverlapCounts, (2 * a + other) * kOverlapBins, kOverlapBins);
        const std::vector<bool> hidden = HiddenParts(parts);
        for (std::size_t b = 0; b < kOverlapBins; ++b) {
          const std::string path =
              "/overlap/propensity/" + std::to_string(a) + "/" + key + "/" + std::to_string(b);
          counts.push_back(Unless(hidden[b], path, parts[b]));
        }
        entry[key] = std::move(counts);
      }
      list.push_back(std::move(entry));
    }
    return {{"breaks", Breaks()}, {"propensity", std::move(list)}, {"trim", story_.options.trim}};
  }
  static Json Breaks() {
    Json breaks = Json::array();
    for (std::size_t b = 0; b <= kOverlapBins; ++b)
      breaks.push_back(static_cast<double>(b) / kOverlapBins);
    return breaks;
  }

  /// Standardised differences of the design's columns between each arm and the first, before and after weighting.
  Json Balance() const {
    Json list = Json::array();
    const LearnedChoice& learned = story_.learned;
    const std::size_t p = story_.frame.columns();
    const auto weighted = [&](std::size_t a, std::size_t j) {
      return story_.judgement.sums.Number(kWeightedSums, a * p + j) /
             story_.judgement.sums.Number(kArmWeights, a);
    };
    for (std::size_t a = 1; a < arms_.size(); ++a) {
      for (std::size_t j = 1; j < p; ++j) {
        const double spread =
            std::sqrt((learned.arm_variances[a][j] + learned.arm_variances[0][j]) / 2);
        list.push_back({{"variable", story_.frame.design().names()[j]},
                        {"contrast", arms_[a] + " - " + arms_[0]},
                        {"smd_before",
                         NumberJson((learned.arm_means[a][j] - learned.arm_means[0][j]) / spread)},
                        {"smd_after", NumberJson((weighted(a, j) - weighted(0, j)) / spread)}});
      }
    }
    return list;
  }

  Json WithoutSite() {
    if (!story_.judgement.without_site) return nullptr;
    const PolicyValues& policies = *story_.judgement.without_site;
    for (const char* part : {"rule", "gain"}) {
      if (!policies.Told(0)) suppressed_.push_back("/leave_one_site_out/" + std::string(part));
    }
    Json entry{{"rule", EstimateJson(policies.Value(0))}};
    entry["best_single"] = arms_[policies.BestArm()];
    entry["gain"] = DifferenceJson(policies.GainOverBest());
    entry["discrimination"] = DiscriminationJson(story_, *story_.judgement.without_site_sums);
    for (std::size_t a = 0; story_.learned.binary && a < arms_.size(); ++a) {
      Json curve = CurveJson(story_, *story_.judgement.without_site_sums, a);
      HideIfNull(curve["e_90"], curve["ici"],
                 "/leave_one_site_out/calibration/" + arms_[a] + "/e_90");
      entry["calibration"][arms_[a]] = std::move(curve);
    }
    return entry;
  }

  /// How strong an unmeasured confounder would have to be with both choice and outcome to explain the gain away.
  /// T. J. VanderWeele, P. Ding, Ann. Intern. Med. 167 (2017); for continuous outcomes RR = exp(0.91 d).
  Json EValue() {
    const ChoiceEstimate gain = policies_.GainOverBest();
    Suppress({"/e_value/estimate", "/e_value/conf_limit"});
    const auto of = [&](double difference) -> Json {
      if (std::isnan(difference)) return nullptr;
      if (difference <= 0) return 1.0;
      const double base = policies_.values[1 + best_];
      double ratio = std::exp(0.91 * difference / std::sqrt(story_.learned.outcome_variance));
      if (story_.learned.binary) {
        ratio = story_.options.higher_is_better ? (base + difference) / base
                                                : base / std::max(1e-12, base - difference);
      }
      return NumberJson(ratio + std::sqrt(ratio * (ratio - 1)));
    };
    return {{"estimate", of(gain.estimate)}, {"conf_limit", of(gain.low)}};
  }

  Json TreeLearning() const {
    const BoostingSettings& settings = *story_.options.boosting;
    const LearnedForests& forests = *story_.learned.forests;
    Json by_fold = Json::array();
    for (const ChoiceTrees& fold : forests.by_fold) by_fold.push_back(fold.trees.size());
    return {{"learner", "boosted_trees"},
            {"folds", story_.learned.split.folds},
            {"trees", forests.all_rows.trees.size()},
            {"trees_by_fold", std::move(by_fold)},
            {"trees_at_most", settings.trees},
            {"depth", settings.growth.depth},
            {"learning_rate", settings.growth.learning_rate},
            {"propensity_ridge", story_.options.ridge}};
  }

  Json Learning() const {
    if (story_.learned.forests) return TreeLearning();
    Json by_fold = Json::array();
    for (const ChosenLambda& chosen : story_.learned.by_fold) by_fold.push_back(chosen.lambda);
    return {{"learner", "elastic_net"},
            {"alpha", story_.options.alpha},
            {"folds", story_.learned.split.folds},
            {"lambda", story_.learned.lambda.lambda},
            {"lambda_part", story_.learned.lambda.part},
            {"lambda_by_fold", std::move(by_fold)},
            {"propensity_ridge", story_.options.ridge}};
  }

  const ChoiceStory& story_;
  const std::vector<std::string>& arms_;
  const PolicyValues& policies_;
  std::size_t best_;
  std::vector<std::int64_t> recommended_;  ///< by arm
  std::vector<bool> hidden_recommended_;   ///< by arm
  bool rule_told_;                         ///< whether the rule's value is
  std::vector<bool> hidden_cells_;         ///< of Cells
  std::vector<std::string> suppressed_;
};

}  // namespace

Json EstimateJson(const ChoiceEstimate& estimate) {
  return {{"estimate", NumberJson(estimate.estimate)},
          {"std_error", NumberJson(estimate.std_error)},
          {"conf_low", NumberJson(estimate.low)},
          {"conf_high", NumberJson(estimate.high)}};
}

Json DifferenceJson(const ChoiceEstimate& estimate) {
  Json json = EstimateJson(estimate);
  json["p_value"] = NumberJson(estimate.p_value);
  return json;
}

std::string Verdict(const ChoiceStory& story) {
  const PolicyValues& policies = story.judgement.policies;
  const ChoiceEstimate gain = policies.GainOverBest();
  const std::string best = story.learned.arms[policies.BestArm()];
  const std::string numbers = "gain " + Significant(gain.estimate, 3) + ", " +
                              Significant(100 * story.options.confidence_level, 3) +
                              " % interval " + Significant(gain.low, 3) + " to " +
                              Significant(gain.high, 3);
  if (story.judgement.changed < kFewestChanged) {
    return "The rule gives " + best +
           " to (almost) everybody: it shows no benefit of choosing over " + best + " for all.";
  }
  if (!policies.Told(0)) {
    return "No benefit of choosing is shown: the rule gives nearly everybody one drug, and its "
           "value is withheld, since "
           "those to whom it gives another are few.";
  }
  if (story.judgement.beats_best_single) {
    return "Choosing by the rule does better than the best single drug for everybody, " + best +
           " (" + numbers + "), if the covariates are all that decides both drug and outcome.";
  }
  return "No benefit of choosing is shown: the rule is not shown to do better than the best single "
         "drug for "
         "everybody, " +
         best + " (" + numbers + ").";
}

Json ChoiceReport(const ChoiceStory& story) { return Report(story).Write(); }

}  // namespace clinnova::learn
