// SPDX-License-Identifier: Apache-2.0
// The disclosure rules as a site holds them: their thresholds, and what each step says about its blocks.
//
//   const TypedStep<SumParameters> kSum{"groups.sum", SumLayout, SumEvaluate,
//                                       Guard<SumParameters>{{Rule::kLevels, Rule::kDominance}, HoldSum}};
//   const TypedStep<CountParameters> kCount{"groups.count", CountLayout, CountEvaluate, CountsOnly{}};
//
// Every step carries a guard; a step without one does not compile. The site's runner (site_runner.h) calls it on the
// rows at hand before the step is evaluated, so before anything is masked, unless the site's policy has lifted
// the rules for public data (minimum_count 0).
//
// What a guard judges by, and what a lying hub gains. A site knows its own rows. Pooled numbers (how many persons
// all sites have in a level, how many leave in a bin) reach it only as the hub's claim, a part of the round's
// parameters. The header of the round binds the claim: masks cancel only when all sites were told the same, and each
// site's ledger keeps the header's hash. A site refuses a claim that breaks a rule, or that its own rows prove wrong
// (`false_claim`); where its own rows already prove the rule, the claim does not matter. A hub that lies must claim
// too much, the same to all sites, for persons who are not there; then it sees a sum over all sites in which, say,
// three persons have a level. It never sees one site's numbers, and the lie stays on record: the hash of the
// counts that the sites did send stands beside it in every ledger.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "table/table.h"

namespace clinnova::federation {

/// The rules of the disclosure page (docs/disclosure.md), by their numbers there.
enum class Rule : std::uint8_t {
  kCohort = 1,
  kParameters = 2,
  kLevels = 3,
  kExpressions = 4,
  kDominance = 5,
  kLeverage = 6,
  kDifferencing = 7,
  kInformation = 8,
  kExits = 9,
  kTrees = 10,
  kContributors = 11,
  kSinglePersons = 12,
};

/// The thresholds beside minimum_count, as they are when a site's policy does not name them. A study can only make
/// them stricter.
struct DisclosureLimits {
  double dominance_one = 0.1;      ///< largest part of a magnitude sum that is one person's
  double dominance_two = 0.9;      ///< … that is two persons'
  double leverage = 0.5;           ///< largest leverage of one row in a regression
  double exits_per_time = 10;      ///< persons who leave in a time bin, at least
  double contributors = 2;         ///< sites that have anybody in a level or column, at least
  double information_share = 0.1;  ///< released numbers per person and variable of a project

  template <class A>
  void Fields(A& a) {
    a(dominance_one);
    a(dominance_two);
    a(leverage);
    a(exits_per_time);
    a(contributors);
    a(information_share);
  }
  bool operator==(const DisclosureLimits&) const = default;
};

/// One threshold as site.toml's [policy] and a study's [privacy] name it.
struct LimitKey {
  enum class Stricter : std::uint8_t { kSmaller, kLarger };
  std::string_view name;
  std::string_view meaning;  ///< one line for the steward
  double DisclosureLimits::* member;
  double lowest;
  double highest;
  Stricter stricter;
};
std::span<const LimitKey> LimitKeys();

/// Thresholds that hold nothing back.
DisclosureLimits Unlimited();
/// Of each threshold the stricter.
DisclosureLimits Stricter(const DisclosureLimits& a, const DisclosureLimits& b);

/// Rule 11: true when somebody is counted, but at too few sites, so that the sum is one site's number. In a study of one
/// site it is that site's owner's in any case.
bool TooFewSites(std::int64_t sites, const table::Schema& schema, const DisclosureLimits& limits);

struct SiteView;

/// Says that a step's blocks are counts of persons and nothing else: what is published of them is suppressed where it
/// is small (rules 3 and 13). The runner refuses the step when its layout has any other block.
struct CountsOnly {};

/// A guard that steps of several parameter types share: which rules, and how they are held on what the types have in
/// common.
///
///   struct MyGuard {
///     static std::vector<Rule> Rules();
///     template <typename P>
///     static Result<void> Check(const SiteView& site, const P& parameters);
///   };
template <typename S, typename P>
concept SharedGuard = requires(const SiteView& site, const P& parameters) {
  { S::Rules() } -> std::same_as<std::vector<Rule>>;
  { S::Check(site, parameters) } -> std::same_as<Result<void>>;
};

/// What a step's blocks need: the rules that hold at the site, and the function that holds them. `check` fails with
/// kRefused and the reason code of the rule that is broken.
template <typename P>
struct Guard {
  Guard(std::vector<Rule> held, Result<void> (*how)(const SiteView&, const P&))
      : rules(std::move(held)), check(how) {}
  Guard(CountsOnly) {}  // NOLINT(google-explicit-constructor): a tag
  template <SharedGuard<P> S>
  Guard(S)  // NOLINT(google-explicit-constructor): a tag
      : Guard(S::Rules(), &S::template Check<P>) {}

  std::vector<Rule> rules{};
  Result<void> (*check)(const SiteView&, const P&) = nullptr;  ///< null: counts only
};

}  // namespace clinnova::federation
