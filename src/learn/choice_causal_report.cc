// SPDX-License-Identifier: Apache-2.0
// The causal forest of a treatment choice's report, and what it shares with the outcome models' benefit.
#include <nlohmann/json.hpp>

#include "learn/choice_report.h"
#include "learn/tree_document.h"
#include "stats/terms.h"

namespace clinnova::learn {

using Json = nlohmann::ordered_json;
using stats::NumberJson;

Json ContrastBenefitJson(const ChoiceStory& story, const ContrastBenefit& contrast) {
  const auto number = [&](const BenefitNumber& of) {
    return EstimateJson(NormalEstimate(of.estimate, of.std_error, story.options.confidence_level));
  };
  Json entry{{"first", story.learned.arms[contrast.first]},
             {"second", story.learned.arms[contrast.second]}};
  entry["mean"] = number(contrast.mean);
  entry["autoc"] = number(contrast.autoc);
  entry["qini"] = number(contrast.qini);
  entry["slope"] = contrast.slope ? NumberJson(*contrast.slope) : Json(nullptr);
  entry["e_average"] = NumberJson(contrast.e_average);
  entry["e_50"] = NumberJson(contrast.e_50);
  entry["e_90"] = NumberJson(contrast.e_90);
  if (story.learned.binary) {
    entry["c_for_benefit"] = contrast.c ? number(*contrast.c) : Json(nullptr);
  }
  return entry;
}

Json CausalForestJson(const ChoiceStory& story, std::vector<std::string>& suppressed) {
  const CausalForestJudgement& told = *story.judgement.causal_forest;
  Json json;
  AddJudgedGain(story, *story.judgement.forest_policies, told.judged, "/causal_forest", json,
                suppressed);
  json["effects"] = Json::array();
  for (std::size_t c = 0; c < told.benefit.contrasts.size(); ++c) {
    Json entry = ContrastBenefitJson(story, told.benefit.contrasts[c]);
    std::size_t splits = 0;
    for (const Tree& tree : told.trees[c]) splits += tree.size() / 2;
    entry["splits_per_tree"] =
        static_cast<double>(splits) / static_cast<double>(told.trees[c].size());
    entry["importance"] = ImportanceJson(told.trees[c], told.features);
    json["effects"].push_back(std::move(entry));
  }
  json["trees"] = told.trees.front().size();
  json["depth"] = story.options.causal_forest.depth;
  json["bins"] = story.options.causal_forest.bins;
  json["columns_per_node"] = told.columns_per_node;
  json["persons_per_leaf"] = told.least;
  return json;
}

}  // namespace clinnova::learn
