// SPDX-License-Identifier: Apache-2.0
// Several steps in one round: hospitals are far apart, and a round costs what it costs however much it carries. A
// method names the steps that it may ask for together; each part is laid out, held to its rules and evaluated as it
// would be alone, and the sums come back part by part.
//
//   PartSteps CoxParts() { return {&kCoxSiteStep, …}; }
//   const TypedStep<RoundParts> kCoxRound = PartsStep<CoxParts>("cox.round", rules);
//   parts.Ask(kCoxSiteStep, parameters);                          // returns the part's place
//   CLINNOVA_ASSIGN(const auto sums, SumParts(federation, analysis, kCoxRound, CoxParts(), parts));   // sums[0]
//
// Reveals: what its parts reveal. A number outside its range voids the round, all parts of it (ExactSums::Seal).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/archive.h"
#include "federation/federation.h"
#include "federation/step.h"

namespace clinnova::stats {

/// The parts of a round, in order: the names of their steps and what these are asked.
struct RoundParts {
  std::vector<std::string> steps;
  std::vector<core::Bytes> parameters;

  /// The place of the part among the round's sums.
  template <typename P>
  std::size_t Ask(const federation::TypedStep<P>& step, const P& asked) {
    steps.emplace_back(step.name());
    parameters.push_back(core::Encode(asked));
    return steps.size() - 1;
  }

  template <class A>
  void Fields(A& a) {
    a(steps);
    a(parameters);
  }
};

/// The steps that may be parts of a method's rounds.
using PartSteps = std::vector<const federation::Step*>;

/// The layout, site and guard functions of a method's TypedStep<RoundParts>. kRefused (`unknown_step`) for a part
/// that is none of `steps`, else what a part says.
Result<federation::Layout> PartsLayout(const PartSteps& steps, const federation::Analysis& analysis,
                                       const table::Schema& schema, const RoundParts& parts);
Result<void> PartsEvaluate(const PartSteps& steps, const federation::SiteView& site,
                           const RoundParts& parts, federation::ExactSums& sums);
Result<void> HoldParts(const PartSteps& steps, const federation::SiteView& site,
                       const RoundParts& parts);

/// The step of a method whose rounds may hold the steps that kSteps gives; `rules` are those of all of them.
template <PartSteps (*kSteps)()>
federation::TypedStep<RoundParts> PartsStep(std::string_view name,
                                            std::vector<federation::Rule> rules) {
  return {name,
          [](const federation::Analysis& analysis, const table::Schema& schema,
             const RoundParts& parts) { return PartsLayout(kSteps(), analysis, schema, parts); },
          [](const federation::SiteView& site, const RoundParts& parts,
             federation::ExactSums& sums) { return PartsEvaluate(kSteps(), site, parts, sums); },
          federation::Guard<RoundParts>{
              std::move(rules), [](const federation::SiteView& site, const RoundParts& parts) {
                return HoldParts(kSteps(), site, parts);
              }}};
}

/// One round; the sums of each part.
Result<std::vector<federation::PooledSums>> SumParts(federation::Federation& federation,
                                                     const federation::Analysis& analysis,
                                                     const federation::TypedStep<RoundParts>& round,
                                                     const PartSteps& steps,
                                                     const RoundParts& parts);

}  // namespace clinnova::stats
