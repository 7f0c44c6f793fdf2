// SPDX-License-Identifier: Apache-2.0
// A treatment choice between sites, without telling any one site's numbers: does the rule gain as much everywhere, do the
// outcome models discriminate as well, within sites and not only between them, and are the patients alike?
//
// Each site works out, from its own rows and predictions out of fold, its mean gain of the rule over the best single
// drug, its area under the receiver operating characteristic, and how its inputs differ from everybody's; only sums over
// sites travel. The gain and the log odds of the area are put together as in stats/meta_analysis.h (R. DerSimonian's and
// N. Laird's tau^2, errors of J. Hartung and G. Knapp that are never narrower than without). The area within sites is the
// part of each site's own pairs that are in order, over all sites: what differs between sites does not raise it. The
// population stability index sum (p - P) ln(p / P), of a site's shares p of ten groups of like size and everybody's P, is
// averaged over the persons of the sites that contribute (where disclosure rules hold, of each site a multiple of
// minimum_count, so that the persons of sites that do not contribute do not follow); a site is counted as shifted where its
// own is large, and larger than chance makes it in one of a hundred such sites.
// Sources: stats/meta_analysis.h; T. P. A. Debray et al., Stat. Methods Med. Res. 28 (2019) (log odds of the area); N.
// Siddiqi, Credit Risk Scorecards, 2006, and B. Yurdakul, J. Naranjo, J. Risk Model Valid. 14 (2020) (the index, and its
// distribution).
//
// Reveals: how many sites contribute to each; then, with the steps choice.spread and choice.groups, of gain and log odds
// six and three sums over sites of powers of weights times powers of estimates (which, as in meta_analysis.h, tell the
// estimates as a set where sites are few, though not whose is which); by arm and over all of pairs in order, pairs, and
// their product's variance; by input the sum of persons times index, these persons, and how many sites are shifted or
// have many values missing. Where disclosure rules hold, a site contributes with at least minimum_count persons (to the gain,
// whom the rule gives another drug; to areas, of the outcome and without it), and at least three sites must, or nothing is
// told.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "federation/exact_sums.h"
#include "federation/step.h"
#include "learn/choice_discrimination.h"
#include "learn/choice_inputs.h"
#include "learn/choice_rows.h"
#include "stats/meta_sums.h"

namespace clinnova::learn {

/// What sites contribute to, in the order of ChoiceSiteQuestion::contributors; the arms' areas follow, then that of all.
enum SiteMetric { kSiteGain, kSiteAuc, kSitePersons, kSiteAreas };

/// A site whose index is above a limit counts as shifted; one with a larger part of an input's values missing as well.
inline constexpr std::array<double, 2> kShiftLimits = {0.1, 0.25};
inline constexpr std::array<double, 2> kMissingLimits = {0.05, 0.2};
inline constexpr std::size_t kShiftGroups = 10;

/// One input's groups, and everybody's persons in them.
struct ShiftGroups {
  std::vector<std::int64_t>
      first_bins{};  ///< of a number: of choice.inputs' histogram; none: levels
  double center = 0, scale = 1;
  std::vector<std::int64_t> persons{};
  template <class A>
  void Fields(A& a) {
    a(first_bins);
    a(center);
    a(scale);
    a(persons);
  }
};
/// From an input's histogram, or its levels' counts; groups of like size as far as the bins tell them apart.
ShiftGroups ShiftGroupsOf(const std::vector<std::int64_t>& counts, bool factor, double center,
                          double scale);
/// The index of a site's persons by group.
double StabilityIndex(const std::vector<std::int64_t>& site, const std::vector<std::int64_t>& all);

/// What a round asks of the sites: part of a step's parameters.
struct ChoiceSiteQuestion {
  std::int64_t best = -1;                    ///< the arm that gains are over; -1: nothing is asked
  std::vector<std::int64_t> contributors{};  ///< sites, as the hub claims
  std::int64_t powers = 0;                   ///< of weights
  std::array<double, 2> centers{}, tau2s{};  ///< of gain and log odds
  std::int64_t details = 0;                  ///< 1: areas and shift are asked for
  std::vector<ShiftGroups> inputs{};         ///< with details
  template <class A>
  void Fields(A& a) {
    a(best);
    a(contributors);
    a(powers);
    a(centers);
    a(tau2s);
    a(details);
    a(inputs);
  }
};
enum ChoiceSiteBlock {
  kSiteGainSums,
  kSiteAucSums,
  kSiteAreaSums,
  kSiteShift,
  kSiteShifted,
  kSiteWeight  ///< of the shift: persons
};
/// These blocks, to stand in a step's layout one after the other. kRefused for a question that cannot be.
Result<std::vector<federation::BlockSpec>> SiteBlocks(const federation::Analysis& analysis,
                                                      const table::Schema& schema, std::size_t arms,
                                                      const ChoiceSiteQuestion& question);
/// This site's contribution, from block `first` on.
Result<void> AddSite(const federation::SiteView& site, const ChoiceSplit& split,
                     const ChoiceModels& models, const ChoiceSiteQuestion& question,
                     std::size_t first, federation::ExactSums& sums);
/// What this site contributes to, 1 each, to `block`.
Result<void> CountSite(const federation::SiteView& site, const ChoiceSplit& split,
                       const ChoiceModels& models, std::int64_t best, std::size_t block,
                       federation::ExactSums& sums);

/// Estimates of sites put together; on the scale of `estimate`.
struct BetweenSites {
  std::int64_t sites = 0;
  double estimate = 0, std_error = 0;
  stats::MetaIntervals around{};
  double tau2 = 0, i2 = 0, q = 0, q_p_value = 1;
};
struct WithinSites {
  std::int64_t sites = 0;
  Auc auc;
};
struct InputShift {
  std::string name;
  double index = 0;                       ///< mean over persons of the sites that contribute
  double expected = 0;                    ///< its mean where all sites are alike
  std::array<std::int64_t, 2> shifted{};  ///< sites, by kShiftLimits
  std::array<std::int64_t, 2> missing{};  ///< sites, by kMissingLimits
};

struct SiteComparison {
  std::optional<BetweenSites> gain{}, log_odds{};
  std::vector<std::optional<WithinSites>>
      areas{};             ///< by arm, then all; none of a continuous outcome
  std::int64_t sites = 0;  ///< whose inputs are compared
  std::vector<InputShift> shift{};
};

/// The hub's side.
class ComparingSites {
 public:
  /// `minimum_count` of the federation.
  ComparingSites(std::size_t arms, bool binary, int minimum_count, double confidence_level);

  void TakeContributors(std::vector<std::int64_t> contributors);
  /// The first question: of weights at tau^2 = 0, areas, and shift. `names` of the inputs.
  ChoiceSiteQuestion First(std::size_t best, double gain, double log_odds,
                           std::vector<ShiftGroups> inputs, std::vector<std::string> names);
  void TakeFirst(const federation::PooledSums& sums, std::size_t first);
  /// The second: of weights at the tau^2 found.
  ChoiceSiteQuestion Second() const;
  void TakeSecond(const federation::PooledSums& sums, std::size_t first);
  const SiteComparison& comparison() const { return comparison_; }

 private:
  bool Told(std::size_t metric) const;
  void TakeShift(const federation::PooledSums& sums, std::size_t first);
  std::optional<BetweenSites> Together(const federation::PooledSums& sums, std::size_t block,
                                       std::size_t metric) const;

  std::size_t arms_;
  bool binary_;
  int minimum_count_;
  double level_;
  ChoiceSiteQuestion question_{};
  std::vector<std::string> names_{};
  std::array<double, 2> q_{}, typical_{};
  SiteComparison comparison_{};
};

}  // namespace clinnova::learn
