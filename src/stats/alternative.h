// SPDX-License-Identifier: Apache-2.0
// The alternative hypothesis of a test, as R names it.
#pragma once

#include "core/error.h"
#include "federation/analysis.h"

namespace clinnova::stats {

enum class Alternative { kTwoSided, kLess, kGreater };

/// The option `alternative`: "two.sided" (default), "less" or "greater".
inline Result<Alternative> AlternativeOf(const federation::Analysis& analysis) {
  constexpr std::string_view kNames[] = {"two.sided", "less", "greater"};
  CLINNOVA_ASSIGN(const std::string name, analysis.Choice("alternative", kNames));
  if (name == "less") return Alternative::kLess;
  return name == "greater" ? Alternative::kGreater : Alternative::kTwoSided;
}

inline const char* NameOf(Alternative alternative) {
  switch (alternative) {
    case Alternative::kLess: return "less";
    case Alternative::kGreater: return "greater";
    case Alternative::kTwoSided: break;
  }
  return "two.sided";
}

}  // namespace clinnova::stats
