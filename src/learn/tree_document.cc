// SPDX-License-Identifier: Apache-2.0
#include "learn/tree_document.h"

#include <algorithm>
#include <limits>

#include "stats/terms.h"
#include "table/factor_column.h"

namespace clinnova::learn {
namespace {

using stats::NumberJson;
using Json = nlohmann::ordered_json;

/// "factor(stage)" is asked of a patient as "stage".
std::string InputName(const Feature& feature) {
  return table::FactorColumnBase(feature.name).value_or(feature.name);
}

Json NodeJson(const TreeNode& node, const std::vector<Feature>& features,
              const table::Schema& schema) {
  if (node.leaf) return {{"leaf", node.value}};
  const Feature& feature = features[static_cast<std::size_t>(node.split.feature)];
  Json json = {{"input", InputName(feature)}};
  if (feature.factor()) {
    Json levels = Json::array();
    for (std::size_t l = 0; l < feature.levels; ++l) {
      if (node.split.left_levels[l] != 0) {
        levels.push_back(schema.columns[feature.column].levels[l]);
      }
    }
    json["levels"] = std::move(levels);
  } else {
    // Behind the last cut everything that is present goes left.
    const auto bin = static_cast<std::size_t>(node.split.bin);
    json["threshold"] =
        bin < feature.cuts.size() ? feature.cuts[bin] : std::numeric_limits<double>::max();
  }
  json["missing"] = node.split.missing_left ? "left" : "right";
  json["left"] = node.left;
  json["right"] = node.right();
  return json;
}

}  // namespace

Json TreesJson(const std::vector<Tree>& trees, const std::vector<Feature>& features,
               const table::Schema& schema) {
  Json all = Json::array();
  for (const Tree& tree : trees) {
    Json nodes = Json::array();
    for (const TreeNode& node : tree) nodes.push_back(NodeJson(node, features, schema));
    all.push_back(std::move(nodes));
  }
  return all;
}

Json InputsJson(const std::vector<Feature>& features, const std::vector<FeatureSummary>& summaries,
                std::int64_t rows, const table::Schema& schema) {
  Json inputs = Json::array();
  for (std::size_t f = 0; f < features.size(); ++f) {
    const FeatureSummary& summary = summaries[f];
    Json input = {{"name", InputName(features[f])}};
    if (features[f].factor()) {
      input["kind"] = "factor";
      Json levels = Json::array();
      for (std::size_t l = 0; l < features[f].levels; ++l) {
        levels.push_back(
            {{"name", schema.columns[features[f].column].levels[l]}, {"n", summary.level_rows[l]}});
      }
      input["levels"] = std::move(levels);
    } else {
      input["kind"] = "number";
      input["unit"] = "";
      input["low"] = summary.low ? NumberJson(*summary.low) : Json();
      input["high"] = summary.high ? NumberJson(*summary.high) : Json();
      input["mean"] = NumberJson(summary.mean);
      input["sd"] = NumberJson(summary.sd);
    }
    input["missing"] =
        rows > 0 ? static_cast<double>(rows - summary.present) / static_cast<double>(rows) : 0.0;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Json ImportanceJson(const std::vector<Tree>& trees, const std::vector<Feature>& features) {
  struct Importance {
    std::size_t feature = 0;
    double gain = 0;
    double cover = 0;
    double frequency = 0;
  };
  std::vector<Importance> of(features.size());
  Importance all;
  for (std::size_t f = 0; f < of.size(); ++f) of[f].feature = f;
  for (const Tree& tree : trees) {
    for (const TreeNode& node : tree) {
      if (node.leaf) continue;
      for (Importance* each : {&of[static_cast<std::size_t>(node.split.feature)], &all}) {
        each->gain += node.gain;
        each->cover += node.cover;
        each->frequency += 1;
      }
    }
  }
  std::stable_sort(of.begin(), of.end(),
                   [](const Importance& a, const Importance& b) { return a.gain > b.gain; });
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0.0; };
  Json json = Json::array();
  for (const Importance& each : of) {
    json.push_back({{"variable", features[each.feature].name},
                    {"gain", share(each.gain, all.gain)},
                    {"cover", share(each.cover, all.cover)},
                    {"frequency", share(each.frequency, all.frequency)}});
  }
  return json;
}

std::string NoSplitWarning(const std::vector<Tree>& trees) {
  const bool split =
      std::any_of(trees.begin(), trees.end(), [](const Tree& tree) { return tree.size() > 1; });
  if (split) return "";
  return "no split was found that the rules allow: the model gives everybody the same outcome "
         "(where disclosure rules "
         "hold, a split needs ten persons from two sites on each side)";
}

Json DocumentJson(const DocumentFacts& facts, const TreeEnsemble& ensemble,
                  const std::vector<Feature>& features, const Description& description,
                  const table::Schema& schema) {
  Json json;
  json["format"] = "clinnova-model/1";
  json["kind"] = "prediction";
  json["name"] = facts.name;
  json["title"] = facts.title;
  json["provenance"] = {{"analysis", facts.name}, {"n", facts.n}};
  json["outcome"] = {{"name", facts.outcome}, {"kind", facts.outcome_kind}, {"better", "higher"}};
  json["inputs"] = InputsJson(features, description.features, facts.n, schema);
  json["arms"][facts.outcome] = {{"learner", facts.learner},
                                 {"link", facts.link},
                                 {"base_score", ensemble.base},
                                 {"trees", TreesJson(ensemble.trees, features, schema)}};
  return json;
}

}  // namespace clinnova::learn
