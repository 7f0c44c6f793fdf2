// SPDX-License-Identifier: Apache-2.0
// The pooled time axis of a survival analysis: the distinct times of all sites, found by counts.
//
// Times that are whole multiples of a usual unit (days, tenths, days told in years) need no round where the grid is
// small. Others are found by a sketch (key_sketch.h) of every exit and entry with its stratum, one round that tells
// what there is to count, too; where it cannot be read, and where only times are asked for, by a sketch of times or by
// counts on the grid. Reveals: how often each time occurs, over all sites together, or how often with each stratum and
// end, which the counts then tell.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/error.h"
#include "federation/federation.h"
#include "stats/key_sketch.h"
#include "stats/model_frame.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

/// Times t_0 < t_1 < …, by a rule or listed. Part of the parameters of survival steps.
struct TimeAxis {
  double denominator = 0;  ///< > 0: t_k = k / denominator, k < cells
  double step = 0;         ///< > 0: t_k = k * step, k < cells; times between are rounded up
  std::uint64_t cells = 0;
  std::vector<double> times;  ///< listed, when neither rule holds
  bool binned = false;        ///< listed times are upper edges of bins
  /// Where disclosure rules hold: of each bin, the persons who leave in it at all sites, as the counts round told.
  std::vector<std::int64_t> exits{};
  /// Times no further apart are one time, told as the earliest: 0.1 + 0.2 is 0.3, as in survival's aeqSurv.
  double same = 0;

  std::size_t size() const {
    return times.empty() ? static_cast<std::size_t>(cells) : times.size();
  }
  double Time(std::size_t k) const;
  /// Index of the time an exit at `time` belongs to; size() when it lies beyond the axis or off it.
  std::size_t IndexOf(double time) const;
  /// Number of times at which someone who left at `time` was still at risk: those up to it.
  std::size_t AtRiskThrough(double time) const;
  /// Number of times at which someone who came under observation at `start` was not yet at risk.
  std::size_t BeforeEntry(double start) const;

  template <class A>
  void Fields(A& a) {
    a(denominator);
    a(step);
    a(cells);
    a(times);
    a(binned);
    a(exits);
    a(same);
  }
};

/// Joins listed times that rounding keeps apart, those no further apart than 2^-26 of their mean, and sets `same`.
void JoinSameTimes(TimeAxis& axis);

/// The axis of every exit and entry time of the analysis' complete cases. `time_grid` > 0 rounds times up to
/// its multiples. A dense rule of at most `dense_cells` times needs no round. kFailed when the times are too
/// many to be told one by one.
Result<TimeAxis> FindTimeAxis(federation::Federation& federation,
                              const federation::Analysis& analysis, const ModelFrame& frame,
                              double time_grid, std::size_t dense_cells);

/// Numbers of persons by stratum and time, over all sites.
struct RiskCounts {
  TimeAxis axis;
  std::size_t strata = 1;
  std::vector<std::int64_t> events;  ///< [stratum * axis.size() + k]
  std::vector<std::int64_t> censored;
  std::vector<std::int64_t> entries;  ///< by BeforeEntry index - 1; empty without start times

  /// Persons at risk at each time of a stratum, just before it.
  std::vector<std::int64_t> AtRisk(std::size_t stratum) const;
};

/// A round of the search: which times occur.
struct OccupiedParameters {
  FrameClaim claim;
  TimeAxis grid;  ///< times are told on this grid; without one, as they are
  KeySketch
      sketch;  ///< times are added to this sketch (of two words: with what happens then); without one, counted
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(grid);
    a(sketch);
  }
};

/// The same round by round, for those that ask for more beside: Ask adds the next question to a round, Absorb takes its
/// sums, until Done.
class TimeAxisSearch {
 public:
  enum class Tell : std::uint8_t { kTimes, kCounts };

  /// With kCounts, a round that finds the times tells the counts, too, where it can. kInvalidInput for a time_grid of
  /// too many steps.
  static Result<TimeAxisSearch> Create(const federation::Analysis& analysis,
                                       const ModelFrame& frame, double time_grid,
                                       std::size_t dense_cells, Tell tell = Tell::kTimes);
  bool Done() const { return done_; }
  /// What the next round asks.
  const OccupiedParameters& question() const { return question_; }
  /// The part's place in the round.
  std::size_t Ask(RoundParts& parts) const;
  /// kInvalidInput when the times are too many to be told one by one.
  Result<void> Absorb(const federation::Analysis& analysis, const federation::PooledSums& sums);
  /// Once Done.
  const TimeAxis& axis() const { return axis_; }
  /// On the axis, strata apart; nothing where no round of the search told them.
  const std::optional<RiskCounts>& counts() const { return counts_; }

 private:
  void AskForTimes();
  bool AbsorbCounts(const federation::PooledSums& sums);

  OccupiedParameters question_;
  std::size_t most_ = 0;  ///< distinct keys that the sketch is made for
  std::size_t strata_ = 1;
  bool late_entries_ = false;
  bool done_ = false;
  TimeAxis axis_;
  std::optional<RiskCounts> counts_;
};

/// The axis that FindTimeAxis finds with the counts that CountRisk tells of it, strata apart, in one round where the
/// grid is dense or the sketch can be read.
Result<RiskCounts> FindRiskCounts(federation::Federation& federation,
                                  const federation::Analysis& analysis, const ModelFrame& frame,
                                  double time_grid, std::size_t dense_cells);

/// Rule 9 on the axes of risk-set sums, one per stratum or one of all: bins, in each of which the hub claims at least
/// exits_per_time and minimum_count exits at all sites. kRefused (`risk_sets_not_binned`, `too_few_exits`), (`false_claim`) where this
/// site alone has more exits in a bin, or all bins together have more than there are persons.
Result<void> HoldExits(const federation::SiteView& site, const SiteFrame& frame,
                       const FrameClaim& claim, const std::vector<TimeAxis>& axes);
/// The same where several strata share an axis: axis_of a stratum is an index into axes. `stays`: of each complete
/// case, whether its end is no exit; empty where each is one.
Result<void> HoldExits(const federation::SiteView& site, const SiteFrame& frame,
                       const FrameClaim& claim, const std::vector<TimeAxis>& axes,
                       const std::function<std::size_t(std::size_t stratum)>& axis_of,
                       const std::vector<bool>& stays = {});

/// Exits that a time needs where disclosure rules hold, else 0.
std::int64_t ExitsNeeded(const federation::Federation& federation);

/// The steps that the searches and CountRisk may run.
std::vector<const federation::Step*> RiskTimeSteps();

enum class RiskStrata : std::uint8_t { kApart, kTogether };

/// One round of counts on an axis; with strata together there is one stratum of all. Strata are all combinations of the design's strata columns, the last varying
/// fastest.
Result<RiskCounts> CountRisk(federation::Federation& federation,
                             const federation::Analysis& analysis, const ModelFrame& frame,
                             TimeAxis axis, RiskStrata strata = RiskStrata::kApart);

/// The same as a part of a round: its place, and what its sums say.
std::size_t AskRiskCounts(const ModelFrame& frame, const TimeAxis& axis, RiskStrata strata,
                          RoundParts& parts);
RiskCounts RiskCountsOf(const ModelFrame& frame, TimeAxis axis, RiskStrata strata,
                        const federation::PooledSums& sums);

/// The event times of each stratum; where `needed` > 0, bins of as many exits; on a grid, all times of exits.
std::vector<TimeAxis> EventAxes(const RiskCounts& counts, std::int64_t needed);

/// Where a curve under disclosure rules is said to end, at the last time that `persons` reach: the longest follow-up is one
/// person's. exits(k) leave at axis.Time(k).
double LastTimeTold(const TimeAxis& axis, const std::function<std::int64_t(std::size_t k)>& exits,
                    std::int64_t persons);

/// The stratum of a row of a batch, and how many there are.
std::size_t StratumOf(const table::Design& design, const table::DesignBatch& batch,
                      std::size_t row);
std::size_t StrataCount(const table::Design& design);

}  // namespace clinnova::stats
