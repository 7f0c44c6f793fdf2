// SPDX-License-Identifier: Apache-2.0
// A site's side of a run: the approved study, the frozen table, and the evaluation of one round.
// The same object serves production and `simulate`.
#pragma once

#include <memory>

#include "core/error.h"
#include "core/hash.h"
#include "federation/federation.h"
#include "federation/step.h"
#include "federation/study.h"
#include "table/table.h"

namespace clinnova::federation {

class SiteRunner {
 public:
  struct Options {
    Study study;
    table::Table table;
    const StepCatalog* steps = nullptr;  // not owned, outlives this
    int minimum_count = 5;               ///< the gate's, for this study
    DisclosureLimits limits{};           ///< likewise
    int threads = 1;
  };

  /// Rule 1: a table of fewer than minimum_count rows is replaced by an empty one.
  explicit SiteRunner(Options options);

  /// The blocks of the round. kRefused (`unknown_analysis`, `unapproved_step`) when the approved study
  /// has no such analysis or its method no such step; (`wrong_layout`) when exponents do not fit.
  Result<Layout> LayoutOf(const RoundRequest& request) const;

  /// This site's sealed contribution: plain numbers, to be masked by the secure sum, never sent. The step's guard is
  /// held before anything is summed, unless minimum_count is 0.
  /// Deterministic in (table, request, noise_seed): asking again gives the same.
  Result<std::vector<Int128>> Contribute(const RoundRequest& request,
                                         const core::Hash& noise_seed) const;

  const Study& study() const { return options_.study; }
  const table::Table& table() const { return options_.table; }

 private:
  Options options_;
  std::unique_ptr<SiteCache> cache_;
};

}  // namespace clinnova::federation
