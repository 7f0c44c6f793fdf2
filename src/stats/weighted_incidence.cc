// SPDX-License-Identifier: Apache-2.0
#include "stats/weighted_incidence.h"

#include <algorithm>
#include <cmath>

#include "stats/weighted_incidence_steps.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

namespace {

/// Persons and weights at one time of a group.
struct Exit {
  IncidencePoint persons;  ///< without cause: `events` are those of all causes
  std::vector<std::int64_t> events;
  std::int64_t entries = 0;  ///< who are at risk from the next time on
  long double at_risk = 0;   ///< weight
  long double leaving = 0;
  std::vector<long double> weights;  ///< of events, by cause
  long double entering = 0;
};
using Exits = std::vector<Exit>;

/// The group's times, merged until each has `needed` exits.
Exits ExitsOf(const CauseCounts& counts, std::size_t group, std::int64_t needed) {
  Exits exits;
  std::int64_t open = 0;
  for (std::size_t k = 0; k < counts.axis.size(); ++k) {
    const std::int64_t events = counts.AllEvents(group, k);
    const std::int64_t censored = counts.Censored(group, k);
    if (events + censored > 0) {
      if (open == 0) {
        exits.emplace_back();
        exits.back().events.resize(counts.causes.size());
      }
      Exit& exit = exits.back();
      exit.persons.time = counts.axis.Time(k);
      exit.persons.censored += censored;
      for (std::size_t c = 0; c < counts.causes.size(); ++c)
        exit.events[c] += counts.Events(c, group, k);
      open += events + censored;
      if (open >= needed) open = 0;
    }
    // Whoever comes while a bin is open is at risk in it.
    const std::size_t closed = exits.size() - (open > 0 ? 1 : 0);
    if (closed > 0) exits[closed - 1].entries += counts.Entries(group, k);
  }
  if (open == 0) return exits;
  const Exit last = exits.back();
  exits.pop_back();
  if (exits.empty()) return exits;
  Exit& joined = exits.back();
  joined.persons.time = last.persons.time;
  joined.persons.censored += last.persons.censored;
  for (std::size_t c = 0; c < last.events.size(); ++c) joined.events[c] += last.events[c];
  // Its edge has moved: whoever came since the old one is at risk in the joined bin.
  const std::int64_t entered = joined.entries;
  joined.entries = 0;
  if (exits.size() > 1) exits[exits.size() - 2].entries += entered;
  return exits;
}

std::int64_t AllOf(const Exit& exit) {
  std::int64_t all = 0;
  for (const std::int64_t events : exit.events) all += events;
  return all;
}

/// Persons at risk at each time, from who leaves and who comes.
void CountAtRisk(Exits& exits) {
  std::int64_t persons = 0;
  long double weight = 0;
  for (std::size_t k = exits.size(); k-- > 0;) {
    Exit& exit = exits[k];
    persons += AllOf(exit) + exit.persons.censored - exit.entries;
    weight += exit.leaving - exit.entering;
    exit.persons.at_risk = persons;
    exit.at_risk = weight;
  }
}

class Curves {
 public:
  Curves(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
         const CauseCounts& counts)
      : federation_(federation), analysis_(analysis), counts_(counts) {
    parameters_.curve.claim = frame.claim();
    parameters_.curve.causes = counts.causes;
    const std::int64_t needed = ExitsNeeded(federation);
    for (std::size_t group = 0; group < counts.strata; ++group) {
      groups_.push_back(ExitsOf(counts, group, needed));
      TimeAxis axis;
      axis.same = counts.axis.same;
      axis.binned = needed > 0 || counts.axis.binned || counts.axis.step > 0;
      for (const Exit& exit : groups_.back()) {
        axis.times.push_back(exit.persons.time);
        if (needed > 0) axis.exits.push_back(AllOf(exit) + exit.persons.censored);
      }
      parameters_.curve.axes.push_back(std::move(axis));
    }
    offsets_ = CellOffsets(parameters_.curve.axes);
  }

  Result<std::vector<std::vector<IncidencePoint>>> Compute() {
    CLINNOVA_TRY(Weigh());
    std::vector<std::vector<IncidencePoint>> curves(counts_.causes.size() * groups_.size());
    if (offsets_.back() == 0) return curves;
    DrawPath();
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kJackknifeStep, parameters_));
    for (std::size_t cause = 0; cause < counts_.causes.size(); ++cause) {
      for (std::size_t group = 0; group < groups_.size(); ++group)
        curves[cause * groups_.size() + group] = CurveOf(sums, cause, group);
    }
    return curves;
  }

 private:
  std::size_t causes() const { return counts_.causes.size(); }

  Result<void> Weigh() {
    if (analysis_.Has("weights") && offsets_.back() > 0) {
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kWeightStep, parameters_.curve));
      ReadWeights([&](WeightBlock block, std::size_t index, std::int64_t) {
        return static_cast<long double>(sums.Number(block, index));
      });
    } else {
      ReadWeights([](WeightBlock, std::size_t, std::int64_t persons) {
        return static_cast<long double>(persons);
      });
    }
    for (Exits& exits : groups_) CountAtRisk(exits);
    return {};
  }

  template <typename Number>
  void ReadWeights(Number number) {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      for (std::size_t k = 0; k < groups_[group].size(); ++k) {
        Exit& exit = groups_[group][k];
        const std::size_t cell = offsets_[group] + k;
        exit.leaving = number(kCensoredWeight, cell, exit.persons.censored);
        exit.entering = number(kEntryWeight, cell, exit.entries);
        for (std::size_t c = 0; c < causes(); ++c) {
          exit.weights.push_back(number(kEventWeight, c * offsets_.back() + cell, exit.events[c]));
          exit.leaving += exit.weights.back();
        }
      }
    }
  }

  void DrawPath() {
    CurvePath& path = parameters_.path;
    const std::size_t size = offsets_.back() + groups_.size();
    for (auto* values : {&path.survival, &path.drift, &path.share, &path.rate})
      values->assign(size, 0);
    for (auto* values : {&path.incidence, &path.influence, &path.cause_rate})
      values->assign(size * causes(), 0);
    for (std::size_t group = 0; group < groups_.size(); ++group)
      DrawGroup(groups_[group], offsets_[group] + group, size);
  }

  void DrawGroup(const Exits& exits, std::size_t first, std::size_t size) {
    CurvePath& path = parameters_.path;
    long double survival = 1;
    long double drift = 0;
    std::vector<long double> incidence(causes());
    std::vector<long double> influence(causes());
    path.survival[first] = 1;
    for (std::size_t k = 0; k < exits.size(); ++k) {
      const Exit& exit = exits[k];
      const std::size_t place = first + k + 1;
      const long double n = exit.at_risk;
      long double events = 0;
      for (const long double weight : exit.weights) events += weight;
      // All who are at risk have an event: told by their number, as weights are rounded.
      const bool all = AllOf(exit) == exit.persons.at_risk;
      const long double rate = all ? 1 : events / n;
      const long double share = survival / n;
      for (std::size_t c = 0; c < causes(); ++c) {
        const long double cause_rate = exit.weights[c] / n;
        influence[c] += survival * drift * cause_rate - share * cause_rate;
        incidence[c] += survival * cause_rate;
        path.incidence[c * size + place] = static_cast<double>(incidence[c]);
        path.influence[c * size + place] = static_cast<double>(influence[c]);
        path.cause_rate[c * size + place] = static_cast<double>(cause_rate);
      }
      if (!all) drift += rate / (n - events);
      survival *= 1 - rate;
      path.survival[place] = static_cast<double>(survival);
      path.drift[place] = static_cast<double>(drift);
      path.share[place] = static_cast<double>(share);
      path.rate[place] = static_cast<double>(rate);
    }
  }

  std::vector<IncidencePoint> CurveOf(const PooledSums& sums, std::size_t cause,
                                      std::size_t group) const {
    const Exits& exits = groups_[group];
    const std::size_t cells = offsets_.back();
    const auto number = [&](std::size_t block, std::size_t of, std::size_t k) {
      return static_cast<long double>(sums.Number(block, of * cells + offsets_[group] + k));
    };
    std::vector<IncidencePoint> curve;
    const std::size_t first = offsets_[group] + group;
    const std::size_t path = cause * parameters_.path.survival.size() + first;
    // Of those who stay: sums over later times, the last first.
    std::vector<long double> staying(exits.size());
    long double risk[6] = {};
    for (std::size_t k = exits.size(); k-- > 0;) {
      for (std::size_t b = 0; b < 6; ++b) risk[b] += number(kRisk + b, b < 3 ? 0 : cause, k);
      const long double f = parameters_.path.incidence[path + k + 1];
      const long double v = parameters_.path.influence[path + k + 1];
      staying[k] = v * v * risk[0] + f * f * risk[2] + risk[5] -
                   2 * (v * f * risk[1] - v * risk[3] + f * risk[4]);
    }
    long double alpha2 = 0;
    long double alpha_a = 0;
    long double a2 = 0;
    long double largest = 0;
    for (std::size_t k = 0; k < exits.size(); ++k) {
      alpha2 += number(kLeftAlpha2, cause, k);
      alpha_a += number(kLeftAlphaA, cause, k);
      a2 += number(kLeftA2, 0, k);
      const long double f = parameters_.path.incidence[path + k + 1];
      const long double variance = alpha2 + 2 * f * alpha_a + f * f * a2 + staying[k];
      IncidencePoint point = exits[k].persons;
      point.events = exits[k].events[cause];
      point.others = AllOf(exits[k]) - point.events;
      point.incidence = static_cast<double>(f);
      // Before the cause's first event, and once all have had it, no weight changes anything; rounding tells otherwise.
      largest = std::max(largest, variance);
      const bool certain = f == 0 || variance <= 1e-15L * largest;
      point.std_error = certain ? 0 : static_cast<double>(std::sqrt(variance));
      curve.push_back(point);
    }
    return curve;
  }

  Federation& federation_;
  const Analysis& analysis_;   // not owned, outlives this
  const CauseCounts& counts_;  // not owned, outlives this
  JackknifeParameters parameters_;
  std::vector<Exits> groups_;
  std::vector<std::size_t> offsets_;
};

}  // namespace

Result<std::vector<std::vector<IncidencePoint>>> WeightedIncidence(Federation& federation,
                                                                   const Analysis& analysis,
                                                                   const ModelFrame& frame,
                                                                   const CauseCounts& counts) {
  return Curves(federation, analysis, frame, counts).Compute();
}

std::vector<const federation::Step*> WeightedIncidenceSteps() {
  return {&kWeightStep, &kJackknifeStep};
}

}  // namespace clinnova::stats
