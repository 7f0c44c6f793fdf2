// SPDX-License-Identifier: Apache-2.0
// The model document of a treatment choice, as decision/learned_model.h reads it.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "learn/choice_policy_cells.h"
#include "learn/choice_report.h"
#include "learn/choice_residuals.h"
#include "learn/tree_document.h"
#include "stats/linear_algebra.h"
#include "stats/terms.h"

namespace clinnova::learn {
namespace {

using Json = nlohmann::ordered_json;
using stats::Matrix;
using stats::NumberJson;

Json MatrixJson(const Matrix& matrix) {
  Json rows = Json::array();
  for (const auto& row : matrix) rows.push_back(row);
  return rows;
}

/// A number's groups of like size, each of minimum_count persons: where they end, and how many are in them. None ends so near
/// a subgroup that the few between were told by the two counts.
Json GroupsJson(const InputSummary& summary, int minimum_count) {
  const ShiftGroups groups =
      ShiftGroupsOf(summary.histogram, false, summary.mean, summary.sd > 0 ? summary.sd : 1);
  const auto end_of = [&](std::size_t g) {
    const double bins = static_cast<double>(groups.first_bins[g + 1]);
    return summary.mean + groups.scale * (bins * 10.0 / kInputBins - 5);
  };
  const auto ends_near = [&](double end) {
    std::vector<double> ends = {end};
    if (minimum_count > 0) {
      DropCutsNear(summary.subgroup_cuts, summary.histogram, summary.mean, groups.scale,
                   minimum_count, ends);
    }
    return ends.empty();
  };
  Json list = Json::array();
  std::int64_t persons = 0;
  for (std::size_t g = 0; g < groups.persons.size(); ++g) {
    persons += groups.persons[g];
    if (g + 1 < groups.persons.size()) {
      if (persons < minimum_count || ends_near(end_of(g))) continue;
      list.push_back({{"below", end_of(g)}, {"n", persons}});
      persons = 0;
      continue;
    }
    // The rest, with the group before where it is too few.
    if (persons < minimum_count && !list.empty()) {
      persons += list.back()["n"].get<std::int64_t>();
      list.erase(list.size() - 1);
    }
    list.push_back({{"n", persons}});
  }
  return list;
}

Json InputsJson(const ChoiceStory& story) {
  Json inputs = Json::array();
  for (const InputSummary& summary : story.judgement.inputs) {
    Json input{{"name", summary.input.name}, {"kind", summary.input.factor ? "factor" : "number"}};
    if (summary.input.factor) {
      Json levels = Json::array();
      for (std::size_t l = 0; l < summary.counts.size(); ++l) {
        if (summary.counts[l] == 0) continue;  // not in use: the design leaves it out, too
        const bool told = summary.counts[l] >= story.minimum_count;
        levels.push_back({{"name", summary.input.levels[l]},
                          {"n", told ? Json(summary.counts[l]) : Json(nullptr)}});
      }
      input["levels"] = std::move(levels);
    } else {
      input["unit"] = "";
      for (const auto& [key, value] :
           {std::pair("low", summary.low), std::pair("high", summary.high),
            std::pair("mean", summary.mean), std::pair("sd", summary.sd)}) {
        input[key] = NumberJson(value);
      }
      Json groups = GroupsJson(summary, story.minimum_count);
      if (groups.size() > 1) input["groups"] = std::move(groups);
    }
    input["missing"] = summary.missing;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

/// The right side of the design's formula, without the treatment.
Json DesignJson(const ChoiceStory& story) {
  std::string formula = "~ 1";
  const auto covariates = story.analysis.Texts("covariates");
  if (covariates) {
    for (const std::string& covariate : *covariates) formula += " + " + covariate;
  }
  Json design{{"terms", story.frame.design().names()}, {"formula", formula}};
  const table::DesignFacts& facts = story.frame.claim().facts;
  if (!facts.knots.empty()) design["knots"] = facts.knots;
  if (!facts.polynomials.empty()) design["polynomials"] = facts.polynomials;
  return design;
}

/// An arm's coefficients on the original scale, with the covariance that its own patients would give them without
/// shrinkage: the inverse of the arm's information at the estimate, with the propensity's weak prior where the arm alone
/// does not tell.
Json ArmJson(const ChoiceStory& story, std::size_t arm) {
  const std::size_t p = story.frame.columns();
  const auto first = story.learned.all_rows.begin() + static_cast<std::ptrdiff_t>(arm * p);
  std::vector<double> coefficients(first, first + static_cast<std::ptrdiff_t>(p));
  Matrix information = story.learned.information[arm];
  const double scale = story.learned.outcome_variance;
  for (std::size_t j = 1; j < p; ++j) {
    information[j][j] += std::max(1e-12, story.learned.covariance[j][j]) / scale;
  }
  Matrix covariance = stats::SymmetricFactor(information, 1e-14).Inverse();
  story.frame.ToOriginalScale(coefficients, covariance);
  coefficients[0] += story.learned.center;
  return {{"learner", "elastic_net"},
          {"link", story.learned.binary ? "logit" : "identity"},
          {"coefficients", coefficients},
          {"covariance", MatrixJson(covariance)}};
}

/// The trees of all rows as they are for one arm. Levels that nobody has are no levels of the inputs.
Json ArmTreesJson(const ChoiceStory& story, const ChoiceForest& forest, std::size_t arm) {
  const LearnedForests& forests = *story.learned.forests;
  std::vector<Tree> trees = forest.TreesOf(arm, forests.features);
  for (Tree& tree : trees) {
    for (TreeNode& node : tree) {
      if (node.leaf) continue;
      const auto& rows =
          forests.description.features[static_cast<std::size_t>(node.split.feature)].level_rows;
      for (std::size_t l = 0; l < node.split.left_levels.size(); ++l) {
        if (rows[l] == 0) node.split.left_levels[l] = 0;
      }
    }
  }
  return {{"learner", "boosted_trees"},
          {"link", story.learned.binary ? "logit" : "identity"},
          {"base_score", forest.base(arm)},
          {"trees", TreesJson(trees, forests.features, story.schema)}};
}

/// Empty where the trees cannot be read, which were written here.
std::optional<ChoiceForest> WholeForest(const ChoiceStory& story) {
  if (!story.learned.forests) return {};
  const LearnedForests& forests = *story.learned.forests;
  const auto codes = ArmCodes(story.learned.arms, story.schema, forests.features.back());
  if (!codes) return {};
  const auto forest = ChoiceForest::Create(forests.all_rows, forests.features, *codes);
  return forest ? std::optional(*forest) : std::nullopt;
}

/// Of an outcome that is a number: how far a patient's own may be from the estimate. Nothing of a binary one.
Json OutcomeIntervalsJson(const ChoiceStory& story) {
  const std::vector<std::int64_t>& counts = story.judgement.residual_counts;
  if (counts.empty()) return nullptr;
  Json halves = Json::object();
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    const auto half = OutcomeHalfWidth(std::span(counts).subspan(a * kResidualBins, kResidualBins),
                                       story.judgement.residual_scales[a],
                                       story.options.confidence_level, story.minimum_count);
    if (half) halves[story.learned.arms[a]] = *half;
  }
  return {
      {"method", "conformal: distances of predictions out of fold, of those who received the arm"},
      {"half_width", halves}};
}

Json IntervalsJson(const ChoiceStory& story) {
  Json intervals{{"method", "normal on the linear predictor, arms independent"},
                 {"conf_level", story.options.confidence_level}};
  Json outcome = OutcomeIntervalsJson(story);
  if (!outcome.is_null()) intervals["outcome"] = std::move(outcome);
  if (!story.learned.forests) return intervals;
  intervals["method"] =
      "normal on the linear predictor, arms independent; errors the same for every patient: the "
      "jackknife of folds, and those of a linear predictor without shrinkage";
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    intervals["std_error"][story.learned.arms[a]] = story.learned.forests->std_error[a];
  }
  return intervals;
}

/// Mahalanobis' distance in the original columns: x_standardised = (x - center) * inverse_scale.
Json ApplicabilityJson(const ChoiceStory& story) {
  const DistanceSummary& distance = story.judgement.distance;
  const stats::FrameClaim& claim = story.frame.claim();
  Json terms = Json::array();
  Json mean = Json::array();
  Matrix inverse = distance.inverse;
  for (std::size_t i = 0; i < distance.columns.size(); ++i) {
    const std::size_t j = distance.columns[i];
    terms.push_back(story.frame.design().names()[j]);
    mean.push_back(distance.center[i] / claim.inverse_scale[j] + claim.center[j]);
    for (std::size_t k = 0; k < distance.columns.size(); ++k) {
      inverse[i][k] *= claim.inverse_scale[j] * claim.inverse_scale[distance.columns[k]];
    }
  }
  return {{"terms", terms},
          {"mean", mean},
          {"inverse_covariance", MatrixJson(inverse)},
          {"distance_95", distance.at_95},
          {"distance_99", distance.at_99}};
}

}  // namespace

Json ChoiceModelJson(const ChoiceStory& story, const Json& result) {
  const LearnedChoice& learned = story.learned;
  Json model;
  model["format"] = "clinnova-model/1";
  model["kind"] = "treatment_choice";
  model["name"] = story.analysis.name();
  const std::string outcome = story.analysis.Text("outcome").value_or("");
  const std::string treatment = story.analysis.Text("treatment").value_or("");
  model["title"] = outcome + " by " + treatment;
  // Sites, study and program stand beside the analysis in the result file: a registry adds them, so that
  // the model itself is the same for every spread of the rows over sites, but for what its evaluation says of sites.
  model["provenance"] = {{"analysis", story.analysis.name()}, {"n", story.frame.n()}};
  model["outcome"] = {{"name", outcome},
                      {"kind", learned.binary ? "binary" : "continuous"},
                      {"better", story.options.higher_is_better ? "higher" : "lower"}};
  Json arms = Json::array();
  for (std::size_t a = 0; a < learned.arms.size(); ++a) {
    arms.push_back({{"name", learned.arms[a]}, {"n", learned.arm_counts[a]}});
  }
  model["treatment"] = {{"name", treatment},
                        {"arms", arms},
                        {"best_single", result["gain"]["best_single"]},
                        {"guideline", story.options.guideline}};
  model["inputs"] = InputsJson(story);
  model["design"] = DesignJson(story);
  const std::optional<ChoiceForest> forest = WholeForest(story);
  for (std::size_t a = 0; a < learned.arms.size(); ++a) {
    model["arms"][learned.arms[a]] = forest ? ArmTreesJson(story, *forest, a) : ArmJson(story, a);
  }
  model["calibration"] = result.value("calibration", Json::object());
  model["intervals"] = IntervalsJson(story);
  model["applicability"] = ApplicabilityJson(story);
  model["evaluation"] = {{"verdict", result["verdict"]},
                         {"beats_best_single", result["beats_best_single"]},
                         {"gain", result["gain"]},
                         {"policies", result["policies"]},
                         {"discrimination", result["discrimination"]}};
  for (const char* part :
       {"benefit", "net_benefit", "policy_tree", "between_sites", "subgroups", "sample_size"}) {
    if (result.contains(part)) model["evaluation"][part] = result[part];
  }
  return model;
}

}  // namespace clinnova::learn
