// SPDX-License-Identifier: Apache-2.0
// The secure sum with all its parties in one process: `simulate` and benchmarks go through the same masking,
// signatures and unmasking as a network run, with the messages handed over directly.
//
// Property: none against this process, which holds every site's numbers; it is the protocol's arithmetic that
// is exercised. Thread rule: one thread at a time; sites work side by side on threads of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "federation/federation.h"

namespace clinnova::federation {

class LocalSecureSum {
 public:
  /// Parties for these sites with fresh identities and one run. kRefused for fewer than three sites.
  static Result<std::unique_ptr<LocalSecureSum>> Create(const std::vector<std::string>& sites,
                                                        const core::Hash& study, int threads);
  ~LocalSecureSum();

  /// The sum modulo 2^128 of `contributions`, one per site, as the hub computes it.
  Result<std::vector<Int128>> Sum(const RoundRequest& request, const Layout& layout,
                                  const std::vector<std::vector<Int128>>& contributions);

 private:
  struct State;
  explicit LocalSecureSum(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The header of a round, less what the run fills in.
struct RoundHeader;
RoundHeader HeaderOf(const RoundRequest& request, const Layout& layout);

}  // namespace clinnova::federation
