// SPDX-License-Identifier: Apache-2.0
// Trees as a model's document ("clinnova-model/1"), which predicts for one patient, and how much each column did in them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "learn/feature_bins.h"
#include "learn/tree.h"

namespace clinnova::learn {

/// [[{"input","threshold","missing","left","right"} | {"input","levels",…} | {"leaf"}, …], …]; node 0 is the root, and a
/// number up to the threshold goes left. `schema` names the levels.
nlohmann::ordered_json TreesJson(const std::vector<Tree>& trees,
                                 const std::vector<Feature>& features, const table::Schema& schema);

/// The document's "inputs".
nlohmann::ordered_json InputsJson(const std::vector<Feature>& features,
                                  const std::vector<FeatureSummary>& summaries, std::int64_t rows,
                                  const table::Schema& schema);

/// [{"variable","gain","cover","frequency"}], the most gain first: shares of all splits' gain and cover (of the node
/// divided) and of their number, as R's xgb.importance. Columns that no tree splits are 0.
nlohmann::ordered_json ImportanceJson(const std::vector<Tree>& trees,
                                      const std::vector<Feature>& features);

/// A warning when no tree has a split; else "".
std::string NoSplitWarning(const std::vector<Tree>& trees);

/// What a prediction's document says beside its trees.
struct DocumentFacts {
  std::string name;
  std::string title;
  std::string outcome;
  std::string outcome_kind;  ///< "binary" or "continuous"
  std::string learner;       ///< "boosted_trees"
  std::string link;          ///< "logit", "identity", "log"
  std::int64_t n = 0;
};
/// Without "design": trees read the inputs themselves. Study, program and sites are for the registry to add, since an
/// analysis' result does not depend on who the sites were.
nlohmann::ordered_json DocumentJson(const DocumentFacts& facts, const TreeEnsemble& ensemble,
                                    const std::vector<Feature>& features,
                                    const Description& description, const table::Schema& schema);

}  // namespace clinnova::learn
