// SPDX-License-Identifier: Apache-2.0
#include "stats/outcome_levels.h"

#include <string>

namespace clinnova::stats {

Result<void> CheckOutcomeLevels(const federation::Analysis& analysis, const table::Formula& formula,
                                const table::Design& design) {
  const std::size_t levels = design.response_levels().size();
  if (formula.response().kind != table::Response::Kind::kNumeric || levels <= 2) return {};
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  if (family == "binomial" || family == "quasibinomial") return {};
  return analysis.Wrong(analysis.Has("formula") ? "formula" : "outcome",
                        "found an outcome of " + std::to_string(levels) + " levels in \"" +
                            formula.text() + "\", expected a number (or two levels)");
}

}  // namespace clinnova::stats
