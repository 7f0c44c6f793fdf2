// SPDX-License-Identifier: Apache-2.0
#include "learn/learners.h"

namespace clinnova::learn {

std::vector<stats::Method> Learners() { return {}; }

void RegisterLearners() { stats::RegisterMethods(Learners()); }

}  // namespace clinnova::learn
