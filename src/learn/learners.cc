// SPDX-License-Identifier: Apache-2.0
#include "learn/learners.h"

#include "learn/boosted_trees.h"
#include "learn/random_forest.h"
#include "learn/treatment_choice.h"

namespace clinnova::learn {

std::vector<stats::Method> Learners() {
  return {BoostedTreesMethod(), RandomForestMethod(), TreatmentChoiceMethod()};
}

void RegisterLearners() {
  [[maybe_unused]] static const bool kOnce = (stats::RegisterMethods(Learners()), true);
}

}  // namespace clinnova::learn
