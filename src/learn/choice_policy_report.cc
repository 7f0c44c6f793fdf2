// SPDX-License-Identifier: Apache-2.0
// The policy tree of a treatment choice's report.
#include <nlohmann/json.hpp>

#include "learn/choice_report.h"
#include "stats/contingency_table.h"
#include "stats/terms.h"

namespace clinnova::learn {
namespace {

using Json = nlohmann::ordered_json;

std::vector<PolicyLeaf> LeavesOfTree(const ChoiceStory& story, const Tree& tree) {
  const PolicyTreeJudgement& told = *story.judgement.policy_tree;
  return LeavesOf(tree, told.features, story.schema, told.missing);
}

/// "crp <= 12.3 and age > 60: JAK"
Json RuleJson(const ChoiceStory& story, const Tree& tree) {
  Json rule = Json::array();
  for (const PolicyLeaf& leaf : LeavesOfTree(story, tree)) {
    rule.push_back(leaf.when + ": " + story.learned.arms[leaf.arm]);
  }
  return rule;
}

/// Under disclosure rules persons are told to the nearest multiple of a leaf's least: beside other counts of nearly the same
/// persons (a subgroup, a group of a model's input) exact ones would tell those few between.
Json LeavesJson(const ChoiceStory& story) {
  const std::int64_t unit = story.minimum_count == 0 ? 1 : story.judgement.policy_tree->least;
  Json leaves = Json::array();
  for (const PolicyLeaf& leaf : LeavesOfTree(story, story.judgement.policy_tree->tree)) {
    leaves.push_back({{"when", leaf.when},
                      {"arm", story.learned.arms[leaf.arm]},
                      {"n", (leaf.persons + unit / 2) / unit * unit}});
  }
  return leaves;
}

/// As the trees of a model's document (tree_document.h), with drugs at the leaves.
Json NodesJson(const ChoiceStory& story) {
  const PolicyTreeJudgement& told = *story.judgement.policy_tree;
  Json nodes = Json::array();
  for (const TreeNode& node : told.tree) {
    if (node.leaf) {
      nodes.push_back({{"leaf", story.learned.arms[static_cast<std::size_t>(node.value)]}});
      continue;
    }
    const Feature& feature = told.features[static_cast<std::size_t>(node.split.feature)];
    Json json{{"input", feature.name}};
    if (!feature.factor()) {
      const auto bin = static_cast<std::size_t>(node.split.bin);  // the last: known or missing
      json["threshold"] = bin < feature.cuts.size() ? Json(feature.cuts[bin]) : Json(nullptr);
    } else {
      json["levels"] = Json::array();
      for (std::size_t l = 0; l < feature.levels; ++l) {
        if (node.split.left_levels[l] == 0) continue;
        json["levels"].push_back(story.schema.columns[feature.column].levels[l]);
      }
    }
    json["missing"] = node.split.missing_left ? "left" : "right";
    json["left"] = node.left;
    json["right"] = node.right();
    nodes.push_back(std::move(json));
  }
  return nodes;
}

/// Persons whom their fold's policy gives another drug than the best single one; nothing where it or the others are few.
std::optional<std::int64_t> Changed(const ChoiceStory& story,
                                    const std::vector<std::int64_t>& recommended) {
  const std::size_t best = story.judgement.policies.BestArm();
  const std::int64_t n = story.frame.n();
  std::vector<bool> nearly_all;
  for (const std::int64_t count : recommended) {
    const std::int64_t others = n - count;
    nearly_all.push_back(others != 0 && others < story.minimum_count);
  }
  const std::vector<bool> hidden =
      stats::HiddenCells(recommended, 1, recommended.size(), story.minimum_count, nearly_all);
  if (hidden[best]) return {};
  return n - recommended[best];
}

}  // namespace

void AddJudgedGain(const ChoiceStory& story, const PolicyValues& policies,
                   const JudgedPolicy& judged, const std::string& path, Json& json,
                   std::vector<std::string>& suppressed) {
  const std::size_t last = policies.values.size() - 1;
  json["gain"] = DifferenceJson(policies.GainOverBest(last));
  if (!judged.told) {
    for (const auto& number : json["gain"].items()) {
      suppressed.push_back(path + "/gain/" + number.key());
    }
  }
  json["gain"]["best_single"] = story.learned.arms[policies.BestArm()];
  const std::optional<std::int64_t> changed = Changed(story, judged.recommended);
  json["gain"]["n_changed"] = changed ? Json(*changed) : Json(nullptr);
  if (!changed) suppressed.push_back(path + "/gain/n_changed");
  json["gain_by_drug"] = Json::array();
  for (std::size_t a = 0; a < story.learned.arms.size(); ++a) {
    Json entry{{"over", story.learned.arms[a]}};
    entry.update(DifferenceJson(policies.Gain(last, 1 + a)));
    if (!judged.told) suppressed.push_back(path + "/gain_by_drug/" + std::to_string(a));
    json["gain_by_drug"].push_back(std::move(entry));
  }
}

Json PolicyTreeJson(const ChoiceStory& story, std::vector<std::string>& suppressed) {
  const PolicyTreeJudgement& told = *story.judgement.policy_tree;
  Json json{{"rule", RuleJson(story, told.tree)}};
  json["leaves"] = LeavesJson(story);
  json["nodes"] = NodesJson(story);
  AddJudgedGain(story, story.judgement.policies, told.judged, "/policy_tree", json, suppressed);
  json["by_fold"] = Json::array();
  for (const Tree& fold : told.by_fold) json["by_fold"].push_back(RuleJson(story, fold));
  json["depth"] = story.options.policy_tree.depth;
  json["bins"] = story.options.policy_tree.bins;
  json["persons_per_leaf"] = told.least;
  return json;
}

}  // namespace clinnova::learn
