// SPDX-License-Identifier: Apache-2.0
#include "stats/weighted_incidence.h"

#include <algorithm>
#include <cmath>

#include "stats/cox_likelihood.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::DesignBatch;

namespace {

constexpr std::size_t kLargestNumbers = 50'000'000;

/// The curves' times: of each group those at which somebody leaves.
struct CurveParameters {
  FrameClaim claim;
  std::vector<TimeAxis> axes;  ///< per group
  std::vector<std::int64_t> causes;

  std::size_t cells() const { return CellOffsets(axes).back(); }

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(axes);
    a(causes);
  }
};

/// The curves after each time, as a person's influence needs them; a group's values begin with that before all times,
/// so that group g has those from CellOffsets(axes)[g] + g on.
struct CurvePath {
  std::vector<double> survival;
  std::vector<double> drift;      ///< A
  std::vector<double> share;      ///< at a time: S just before it, over the weight at risk
  std::vector<double> rate;       ///< at a time: of all events
  std::vector<double> incidence;  ///< [cause * size + place]; F_j
  std::vector<double> influence;  ///< likewise: V_j
  std::vector<double> cause_rate;

  template <class A>
  void Fields(A& a) {
    a(survival);
    a(drift);
    a(share);
    a(rate);
    a(incidence);
    a(influence);
    a(cause_rate);
  }
};

struct JackknifeParameters {
  CurveParameters curve;
  CurvePath path;
  template <class A>
  void Fields(A& a) {
    a(curve);
    a(path);
  }
};

/// A row on its group's axis.
struct Place {
  std::size_t group = 0;
  std::size_t exit = 0;    ///< index of the time at which the person leaves
  std::size_t before = 0;  ///< times at which the person was not yet at risk
  std::int64_t status = 0;
  double weight = 1;
};

Result<void> CheckAxes(const SiteFrame& frame, const CurveParameters& parameters) {
  const std::size_t groups = parameters.axes.size();
  const bool fits = groups > 0 && StrataCount(frame.design) % groups == 0 &&
                    parameters.causes.size() <= 200 &&
                    std::is_sorted(parameters.causes.begin(), parameters.causes.end());
  if (fits) return {};
  return Fail(ErrorCode::kRefused, "times that do not fit the groups", "wrong_layout");
}

/// Calls use(place, cause) for every person at risk at some time of her group; cause is size() for a censored one.
template <typename Use>
Result<void> ForEachPlace(const SiteView& site, const CurveParameters& parameters, Use use) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckAxes(*frame, parameters));
  const std::vector<std::int64_t>& causes = parameters.causes;
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame->design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                           batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      Place place;
      place.weight = batch.weights[r];
      if (place.weight == 0) continue;
      const std::size_t parts = batch.response.size();
      place.group = StratumOf(frame->design, batch, r) % parameters.axes.size();
      const TimeAxis& axis = parameters.axes[place.group];
      if (axis.size() == 0) continue;  // too few leave the group: it has no curve
      place.exit = axis.IndexOf(batch.response[parts - 2][r]);
      place.before = parts == 3 ? axis.BeforeEntry(batch.response[0][r]) : 0;
      place.status = static_cast<std::int64_t>(batch.response.back()[r]);
      const auto cause = std::lower_bound(causes.begin(), causes.end(), place.status);
      const bool known = place.status == 0 || (cause != causes.end() && *cause == place.status);
      if (place.exit >= axis.size() || !known) {
        return Fail(ErrorCode::kRefused, "a time or cause that the hub does not know",
                    "time_off_axis");
      }
      if (place.before > place.exit) continue;
      use(place,
          place.status == 0 ? causes.size() : static_cast<std::size_t>(cause - causes.begin()));
    }
  }
  return {};
}

enum WeightBlock { kCensoredWeight, kEventWeight, kEntryWeight };

Result<Layout> WeightLayout(const Analysis&, const table::Schema&,
                            const CurveParameters& parameters) {
  const std::size_t cells = parameters.cells();
  if (cells * (parameters.causes.size() + 2) > kLargestNumbers)
    return Fail(ErrorCode::kFailed, "too many times; set time_grid", "too_large");
  return Layout{{WideBlock("censored", cells),
                 WideBlock("events", cells * parameters.causes.size()),
                 WideBlock("entries", cells)}};
}

Result<void> WeightEvaluate(const SiteView& site, const CurveParameters& parameters,
                            ExactSums& sums) {
  const std::vector<std::size_t> offsets = CellOffsets(parameters.axes);
  return ForEachPlace(site, parameters, [&](const Place& place, std::size_t cause) {
    const std::size_t cell = offsets[place.group] + place.exit;
    if (cause == parameters.causes.size()) {
      sums.Add(kCensoredWeight, cell, place.weight);
    } else {
      sums.Add(kEventWeight, cause * offsets.back() + cell, place.weight);
    }
    if (place.before > 0)
      sums.Add(kEntryWeight, offsets[place.group] + place.before - 1, place.weight);
  });
}

/// Sums of squares and products, times the square of the weight, by time; those of causes [cause * cells + cell].
enum JackknifeBlock {
  kLeftAlpha2,  ///< of those who left, at the time at which they did
  kLeftAlphaA,
  kLeftA2,
  kRisk,  ///< of those at risk: what changes from a time to the next, as in Cox's risk sets
  kRiskDrift,
  kRiskDrift2,
  kRiskGamma,
  kRiskGammaDrift,
  kRiskGamma2
};

Result<Layout> JackknifeLayout(const Analysis&, const table::Schema&,
                               const JackknifeParameters& parameters) {
  const std::size_t cells = parameters.curve.cells();
  const std::size_t all = cells * parameters.curve.causes.size();
  if (5 * all + 4 * cells > kLargestNumbers)
    return Fail(ErrorCode::kFailed, "too many times; set time_grid", "too_large");
  return Layout{{WideBlock("left_alpha2", all), WideBlock("left_alpha_a", all),
                 WideBlock("left_a2", cells), WideBlock("risk", cells),
                 WideBlock("risk_drift", cells), WideBlock("risk_drift2", cells),
                 WideBlock("risk_gamma", all), WideBlock("risk_gamma_drift", all),
                 WideBlock("risk_gamma2", all)}};
}

/// What a person's weight does to the curves: one row's part of the sums.
class Influence {
 public:
  Influence(const JackknifeParameters& parameters, const std::vector<std::size_t>& offsets,
            const Place& place)
      : path_(parameters.path),
        size_(parameters.path.survival.size()),
        cells_(offsets.back()),
        cell_(offsets[place.group]),
        first_(offsets[place.group] + place.group),
        place_(place),
        squared_weight_(place.weight * place.weight),
        entry_drift_(place.before > 0 ? path_.drift[first_ + place.before] : 0) {}

  /// `own` is the cause of the person's event, or beyond all.
  void Add(std::size_t causes, std::size_t own, ExactSums& sums) const {
    const std::size_t before = first_ + place_.exit;
    const double at_survival = path_.survival[before] * (path_.drift[before] - entry_drift_);
    const double rate = path_.rate[before + 1];
    const double share = path_.share[before + 1];
    const double on_survival = at_survival * (1 - rate) + share * (rate - (own < causes ? 1 : 0));
    const double survival = path_.survival[before + 1];
    const double a = survival > 0 ? on_survival / survival : 0;
    AddAt(kLeftA2, 0, place_.exit, a * a, sums);
    AddRisk(kRisk, 0, 1, sums);
    AddRisk(kRiskDrift, 0, entry_drift_, sums);
    AddRisk(kRiskDrift2, 0, entry_drift_ * entry_drift_, sums);
    for (std::size_t cause = 0; cause < causes; ++cause) {
      const double gamma = Gamma(cause);
      const double cause_rate = path_.cause_rate[cause * size_ + before + 1];
      const double at_incidence = Of(path_.influence, cause, before) + gamma -
                                  entry_drift_ * Of(path_.incidence, cause, before);
      const double on_incidence =
          at_incidence + at_survival * cause_rate + share * ((cause == own ? 1 : 0) - cause_rate);
      const double alpha = on_incidence - a * Of(path_.incidence, cause, before + 1);
      AddAt(kLeftAlpha2, cause, place_.exit, alpha * alpha, sums);
      AddAt(kLeftAlphaA, cause, place_.exit, alpha * a, sums);
      AddRisk(kRiskGamma, cause, gamma, sums);
      AddRisk(kRiskGammaDrift, cause, gamma * entry_drift_, sums);
      AddRisk(kRiskGamma2, cause, gamma * gamma, sums);
    }
  }

 private:
  double Of(const std::vector<double>& values, std::size_t cause, std::size_t place) const {
    return values[cause * size_ + place];
  }
  double Gamma(std::size_t cause) const {
    if (place_.before == 0) return 0;
    const std::size_t entry = first_ + place_.before;
    return entry_drift_ * Of(path_.incidence, cause, entry) - Of(path_.influence, cause, entry);
  }
  void AddAt(std::size_t block, std::size_t cause, std::size_t index, double value,
             ExactSums& sums) const {
    sums.Add(block, cause * cells_ + cell_ + index, squared_weight_ * value);
  }
  /// At risk after the times [before, exit).
  void AddRisk(std::size_t block, std::size_t cause, double value, ExactSums& sums) const {
    if (place_.exit == place_.before) return;
    AddAt(block, cause, place_.exit - 1, value, sums);
    if (place_.before > 0) AddAt(block, cause, place_.before - 1, -value, sums);
  }

  const CurvePath& path_;  // not owned, outlives this
  std::size_t size_;       ///< places of the path
  std::size_t cells_;
  std::size_t cell_;   ///< the group's first
  std::size_t first_;  ///< the group's first place
  Place place_;
  double squared_weight_;
  double entry_drift_;
};

Result<void> JackknifeEvaluate(const SiteView& site, const JackknifeParameters& parameters,
                               ExactSums& sums) {
  const CurvePath& path = parameters.path;
  const std::vector<std::size_t> offsets = CellOffsets(parameters.curve.axes);
  const std::size_t causes = parameters.curve.causes.size();
  const std::size_t size = offsets.back() + parameters.curve.axes.size();
  bool fits = true;
  for (const auto* values : {&path.survival, &path.drift, &path.share, &path.rate})
    fits = fits && values->size() == size;
  for (const auto* values : {&path.incidence, &path.influence, &path.cause_rate})
    fits = fits && values->size() == size * causes;
  if (!fits) return Fail(ErrorCode::kRefused, "curves that do not fit the times", "wrong_layout");
  return ForEachPlace(site, parameters.curve, [&](const Place& place, std::size_t cause) {
    Influence(parameters, offsets, place).Add(causes, cause, sums);
  });
}

Result<void> HoldCurves(const SiteView& site, const CurveParameters& parameters) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckAxes(*frame, parameters));
  return HoldExits(site, *frame, parameters.claim, parameters.axes,
                   [&](std::size_t stratum) { return stratum % parameters.axes.size(); });
}

/// The rules on a frame, and rule 9 on the curves' times.
struct CurveGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules({federation::Rule::kExits}); }
  template <typename P>
  static Result<void> Check(const SiteView& site, const P& parameters) {
    if constexpr (requires { parameters.curve; }) {
      return HoldCurves(site, parameters.curve);
    } else {
      return HoldCurves(site, parameters);
    }
  }
};

const TypedStep<CurveParameters> kWeightStep{"competing.weights", WeightLayout, WeightEvaluate,
                                             CurveGuard{}};
const TypedStep<JackknifeParameters> kJackknifeStep{"competing.jackknife", JackknifeLayout,
                                                    JackknifeEvaluate, CurveGuard{}};

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
