// SPDX-License-Identifier: Apache-2.0
// The core contract: an algorithm sees the sites only through sums.
//
//   Result<Answer> Mean(Federation& federation, const Analysis& analysis) {
//     CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kMean, MeanParameters{}));
//     return sums.Number(kSum) / sums.Count(kN);
//   }
//
// Algorithms are sequential and deterministic: an interrupted run resumes by replaying the sums that were
// already received. Implementations: InProcessFederation (simulate, tests), HubFederation (network).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/archive.h"
#include "federation/exact_sums.h"
#include "federation/step.h"
#include "table/table.h"

namespace clinnova::federation {

/// One round as the hub asks for it. `exponents` has one entry per block and replaces the layout's own:
/// an algorithm's range was too small and the round is repeated with a larger one.
struct RoundRequest {
  std::uint64_t round = 0;  ///< 1, 2, … within the run
  std::string analysis;     ///< its name in the study
  std::string step;
  core::Bytes parameters;
  std::vector<std::int64_t> exponents;

  template <class A>
  void Fields(A& a) {
    a(round);
    a(analysis);
    a(step);
    a(parameters);
    a(exponents);
  }
};

class Federation {
 public:
  virtual ~Federation() = default;

  /// The columns that all sites share.
  virtual const table::Schema& schema() const = 0;
  /// Names of the sites, in the order of the study.
  virtual const std::vector<std::string>& sites() const = 0;
  /// The study's minimum_count as the strictest site has it; 0 = disclosure off (public data).
  virtual int minimum_count() const = 0;
  /// The other thresholds as the strictest site has them; of no meaning when minimum_count() is 0.
  virtual DisclosureLimits limits() const { return {}; }

  /// One round: every site evaluates the step, and the sum over sites comes back.
  /// Reveals: to the hub and the researcher's algorithm, the sum over all sites and nothing else.
  /// Errors: kRefused when a site's gate said no, kUnreachable when a site is away for good, kInvalidInput
  /// when a step could not be evaluated; kFailed when a range could not be found.
  template <typename P>
  Result<PooledSums> Sum(const Analysis& analysis, const TypedStep<P>& step, const P& parameters) {
    return SumEncoded(analysis, step, core::Encode(parameters));
  }

  /// Rounds so far in this run, repeated ones included.
  std::uint64_t rounds() const { return rounds_; }
  /// Hash chain over every round's request and pooled sum so far: root = H(root ‖ H(request) ‖ H(sum)),
  /// from 32 zero bytes. Two runs that agree in it saw the same numbers.
  const core::Hash& root() const { return root_; }

 protected:
  /// Carries one round out and returns the sum of the sites' sealed elements modulo 2^128.
  virtual Result<std::vector<Int128>> Round(const RoundRequest& request, const Layout& layout) = 0;

 private:
  Result<PooledSums> SumEncoded(const Analysis& analysis, const Step& step, core::Bytes parameters);

  std::uint64_t rounds_ = 0;
  core::Hash root_{};
};

}  // namespace clinnova::federation
