// SPDX-License-Identifier: Apache-2.0
#include "learn/learners.h"

#include "learn/treatment_choice.h"

namespace clinnova::learn {

std::vector<stats::Method> Learners() { return {TreatmentChoiceMethod()}; }

void RegisterLearners() { stats::RegisterMethods(Learners()); }

}  // namespace clinnova::learn
