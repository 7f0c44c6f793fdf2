// SPDX-License-Identifier: Apache-2.0
#include "stats/risk_time.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/hash.h"
#include "federation/batches.h"
#include "stats/frame_preflight.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::ForEachBatch;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using table::Design;
using table::DesignBatch;

namespace {

constexpr std::uint64_t kLargestGrid = 1 << 20;
constexpr std::size_t kLargestList = 20'000;
constexpr long double kSameTime = 0x1p-26L;  ///< of the times' mean

}  // namespace

double TimeAxis::Time(std::size_t k) const {
  if (!times.empty()) return times[k];
  return denominator > 0 ? static_cast<double>(k) / denominator : static_cast<double>(k) * step;
}

std::size_t TimeAxis::IndexOf(double time) const {
  if (!times.empty() && binned) {
    const auto found = std::lower_bound(times.begin(), times.end(), time - same);
    return static_cast<std::size_t>(found - times.begin());
  }
  if (!times.empty()) {
    const auto after = std::upper_bound(times.begin(), times.end(), time + same);
    const bool there = after != times.begin() && time - *std::prev(after) <= same;
    return there ? static_cast<std::size_t>(after - times.begin()) - 1 : size();
  }
  double k = denominator > 0 ? std::nearbyint(time * denominator) : std::ceil(time / step);
  if (denominator <= 0 && k > 0 && (k - 1) * step >= time) k -= 1;
  return k >= 0 && k < static_cast<double>(cells) ? static_cast<std::size_t>(k) : size();
}

std::size_t TimeAxis::AtRiskThrough(double time) const {
  if (!times.empty() && !binned) {
    return static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), time + same) -
                                    times.begin());
  }
  const std::size_t index = IndexOf(time);
  return index == size() ? size() : index + 1;
}

std::size_t TimeAxis::BeforeEntry(double start) const {
  if (!times.empty()) {
    return static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), start + same) -
                                    times.begin());
  }
  if (start < 0) return 0;
  if (denominator > 0) return std::min(IndexOf(start) + 1, size());
  double k = std::floor(start / step);
  if ((k + 1) * step <= start) k += 1;
  return std::min(static_cast<std::size_t>(k) + 1, size());
}

void JoinSameTimes(TimeAxis& axis) {
  long double sum = 0;
  for (const double time : axis.times) sum += std::fabs(time);
  const auto count = static_cast<long double>(std::max<std::size_t>(1, axis.times.size()));
  axis.same = static_cast<double>(kSameTime * sum / count);
  const double tolerance = axis.same;
  std::vector<double> kept;
  double before = 0;
  for (const double time : axis.times) {
    const bool joins = !kept.empty() && time - before <= tolerance;
    if (joins) axis.same = std::max(axis.same, time - kept.back());
    if (!joins) kept.push_back(time);
    before = time;
  }
  axis.times = std::move(kept);
}

std::size_t StrataCount(const Design& design) {
  std::size_t count = 1;
  for (const Design::Stratum& stratum : design.strata())
    count *= std::max<std::size_t>(1, stratum.levels.size());
  return count;
}

std::size_t StratumOf(const Design& design, const DesignBatch& batch, std::size_t row) {
  std::size_t stratum = 0;
  for (std::size_t s = 0; s < batch.strata.size(); ++s) {
    stratum =
        stratum * design.strata()[s].levels.size() + static_cast<std::size_t>(batch.strata[s][row]);
  }
  return stratum;
}

namespace {

/// What happens at a time, in the second word of a sketch's keys beside the stratum.
enum class TimeRole : std::uint8_t { kEntry, kCensored, kEvent };
constexpr std::uint64_t kRoles = 3;

Result<Layout> OccupiedLayout(const Analysis&, const table::Schema&,
                              const OccupiedParameters& parameters) {
  const KeySketch& sketch = parameters.sketch;
  if (parameters.grid.cells > kLargestGrid ||
      sketch.cells > KeySketch::For(kLargestList, 0).cells || sketch.words < 1 ||
      sketch.words > 2) {
    return Fail(ErrorCode::kRefused, "a time axis that is too long", "wrong_layout");
  }
  if (sketch.cells > 0) return Layout{SketchBlocks(sketch)};
  return Layout{{CountBlock("times", parameters.grid.size())}};
}

/// Adds row r's times to the sketch; with two words, as what in which stratum.
Result<void> AddTimes(const OccupiedParameters& parameters, const Design& design,
                      const DesignBatch& batch, std::size_t r, ExactSums& sums) {
  const TimeAxis& grid = parameters.grid;
  const std::size_t ends = batch.response.size() - 2;
  const std::uint64_t stratum = StratumOf(design, batch, r);
  for (std::size_t part = 0; part <= ends; ++part) {
    const double time = batch.response[part][r];
    const std::size_t k = grid.cells > 0 ? grid.IndexOf(time) : 0;
    if (grid.cells > 0 && k == grid.size())
      return Fail(ErrorCode::kRefused, "a time off the hub's axis", "time_off_axis");
    TimeRole role = TimeRole::kEntry;
    if (part == ends)
      role = batch.response[ends + 1][r] != 0 ? TimeRole::kEvent : TimeRole::kCensored;
    const std::uint64_t words[] = {OrderedKey(grid.cells > 0 ? grid.Time(k) : time),
                                   stratum * kRoles + static_cast<std::uint64_t>(role)};
    AddKey(parameters.sketch, {words, parameters.sketch.words}, 0, sums);
  }
  return {};
}

Result<void> OccupiedEvaluate(const SiteView& site, const OccupiedParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  return ForEachBatch(site.table.rows, site.threads, sums,
                      [&](std::size_t first, std::size_t count, DesignBatch& batch,
                          ExactSums& mine) -> Result<void> {
                        frame->design.Evaluate(site.table, first, count, batch);
                        if (parameters.sketch.cells > 0) {
                          for (std::size_t r = 0; r < batch.rows; ++r)
                            CLINNOVA_TRY(AddTimes(parameters, frame->design, batch, r, mine));
                          return {};
                        }
                        for (std::size_t part = 0; part + 1 < batch.response.size(); ++part) {
                          for (std::size_t r = 0; r < batch.rows; ++r) {
                            const double time = batch.response[part][r];
                            const std::size_t k = parameters.grid.IndexOf(time);
                            if (k == parameters.grid.size()) {
                              return Fail(ErrorCode::kRefused, "a time off the hub's axis",
                                          "time_off_axis");
                            }
                            mine.AddCount(0, k);
                          }
                        }
                        return {};
                      });
}

const TypedStep<OccupiedParameters> kOccupiedStep{"survival.times", OccupiedLayout,
                                                  OccupiedEvaluate, FrameGuard{}};

}  // namespace

Result<TimeAxisSearch> TimeAxisSearch::Create(const Analysis& analysis, const ModelFrame& frame,
                                              double time_grid, std::size_t dense_cells,
                                              Tell tell) {
  TimeAxisSearch search;
  search.question_.claim = frame.claim();
  search.strata_ = StrataCount(frame.design());
  const std::size_t parts = frame.formula().response().parts.size() - 1;  // entries and exits
  search.late_entries_ = parts == 2;
  search.most_ = std::min(kLargestList, parts * static_cast<std::size_t>(frame.n()));
  TimeAxis& grid = search.question_.grid;
  const double largest = std::ldexp(1.0, frame.time_exponent());
  double cells = 0;
  if (time_grid > 0) {
    grid.step = time_grid;
    cells = std::ceil(largest / time_grid) + 2;
  } else if (frame.time_denominator() > 0) {
    grid.denominator = frame.time_denominator();
    grid.same = 2 * kOffGridSteps / grid.denominator;
    cells = largest * grid.denominator + 2;
  }
  if (cells == 0 || cells > static_cast<double>(kLargestGrid)) {
    if (time_grid > 0)
      return analysis.Wrong("time_grid", "over 1,000,000 steps, expected a coarser grid");
    grid = {};
  } else {
    grid.cells = static_cast<std::uint64_t>(cells);
    if (grid.cells <= dense_cells) {
      search.axis_ = grid;
      search.done_ = true;
      return search;
    }
  }
  search.AskForTimes();
  // On a grid the other way never fails, and one that may fail must not cost a round; an entry that is rounded up
  // would count as one after the times before it.
  const bool sure = search.most_ == parts * static_cast<std::size_t>(frame.n());
  const bool can = grid.cells == 0 || (sure && (grid.denominator > 0 || !search.late_entries_));
  if (tell == Tell::kCounts && can) search.question_.sketch = KeySketch::For(search.most_, 0, 2);
  return search;
}

void TimeAxisSearch::AskForTimes() {
  question_.sketch = question_.grid.cells > 0 ? KeySketch{} : KeySketch::For(most_, 0);
}

/// Whether the sketch of counts could be read.
bool TimeAxisSearch::AbsorbCounts(const PooledSums& sums) {
  const auto found = ReadKeys(question_.sketch, 0, sums);
  if (!found) return false;
  std::map<double, std::int64_t> times;
  for (const auto& [words, count] : *found) {
    if (words[1] >= strata_ * kRoles) return false;
    times[ValueOfKey(words[0])] += count;
  }
  const TimeAxis& grid = question_.grid;
  RiskCounts counts;
  counts.strata = strata_;
  TimeAxis& axis = counts.axis;
  axis.binned = grid.step > 0;
  axis.same = grid.same;
  for (const auto& [time, count] : times) axis.times.push_back(time);
  if (grid.cells == 0) JoinSameTimes(axis);
  const std::size_t size = strata_ * axis.size();
  counts.events.assign(size, 0);
  counts.censored.assign(size, 0);
  counts.entries.assign(late_entries_ ? size : 0, 0);
  for (const auto& [words, count] : *found) {
    const double time = ValueOfKey(words[0]);
    const std::size_t base = words[1] / kRoles * axis.size();
    switch (static_cast<TimeRole>(words[1] % kRoles)) {
      case TimeRole::kEvent: counts.events[base + axis.IndexOf(time)] += count; break;
      case TimeRole::kCensored: counts.censored[base + axis.IndexOf(time)] += count; break;
      case TimeRole::kEntry:
        if (!late_entries_) return false;
        counts.entries[base + axis.BeforeEntry(time) - 1] += count;
        break;
    }
  }
  axis_ = axis;
  counts_ = std::move(counts);
  return true;
}

std::size_t TimeAxisSearch::Ask(RoundParts& parts) const {
  return parts.Ask(kOccupiedStep, question_);
}

Result<void> TimeAxisSearch::Absorb(const Analysis& analysis, const PooledSums& sums) {
  const TimeAxis& grid = question_.grid;
  KeySketch& sketch = question_.sketch;
  if (sketch.words == 2) {
    done_ = AbsorbCounts(sums);
    if (!done_) AskForTimes();
    return {};
  }
  if (sketch.cells == 0) {
    axis_.binned = grid.step > 0;
    axis_.same = grid.same;
    for (std::size_t k = 0; k < grid.size(); ++k) {
      if (sums.Count(0, k) != 0) axis_.times.push_back(grid.Time(k));
    }
    done_ = true;
    return {};
  }
  const auto found = ReadSketch(sketch, 0, sums);
  const bool again = !found && (most_ < kLargestList || sketch.seed == 0);
  if (!again && (!found || found->size() > kLargestList)) {
    return analysis.Wrong("time_grid",
                          "the times have over 20000 distinct values, expected a coarser grid");
  }
  if (again) {
    most_ = std::min(kLargestList, 2 * most_);
    sketch = KeySketch::For(most_, sketch.seed + 1);
    return {};
  }
  for (const auto& [key, count] : *found) axis_.times.push_back(ValueOfKey(key));
  JoinSameTimes(axis_);
  done_ = true;
  return {};
}

namespace {

Result<void> Finish(TimeAxisSearch& search, Federation& federation, const Analysis& analysis) {
  while (!search.Done()) {
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation.Sum(analysis, kOccupiedStep, search.question()));
    CLINNOVA_TRY(search.Absorb(analysis, sums));
  }
  return {};
}

}  // namespace

Result<TimeAxis> FindTimeAxis(Federation& federation, const Analysis& analysis,
                              const ModelFrame& frame, double time_grid, std::size_t dense_cells) {
  CLINNOVA_ASSIGN(TimeAxisSearch search,
                  TimeAxisSearch::Create(analysis, frame, time_grid, dense_cells));
  CLINNOVA_TRY(Finish(search, federation, analysis));
  return search.axis();
}

namespace {

struct CountParameters {
  FrameClaim claim;
  TimeAxis axis;
  RiskStrata strata = RiskStrata::kApart;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(axis);
    a(strata);
  }
};
enum CountBlocks { kEvents, kCensored, kEntries };

/// Strata of the design under the claim; the layout needs them before any row is read.
Result<std::size_t> StrataOf(const Analysis& analysis, const table::Schema& schema,
                             const FrameClaim& claim) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
  CLINNOVA_ASSIGN(const Design design, Design::Create(formula, schema, options, claim.facts));
  return StrataCount(design);
}

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const CountParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t strata, StrataOf(analysis, schema, parameters.claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  const bool together = parameters.strata == RiskStrata::kTogether;
  const std::size_t size = (together ? 1 : strata) * parameters.axis.size();
  if (parameters.axis.size() > kLargestGrid || size > 50'000'000) {
    return Fail(ErrorCode::kRefused, "a time axis that is too long", "wrong_layout");
  }
  const bool entries = formula.response().parts.size() == 3;
  return Layout{{CountBlock("events", size), CountBlock("censored", size),
                 CountBlock("entries", entries ? size : 0)}};
}

Result<void> CountEvaluate(const SiteView& site, const CountParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const TimeAxis& axis = parameters.axis;
  const std::size_t times = axis.size();
  const bool together = parameters.strata == RiskStrata::kTogether;
  // Counts over all rows: plain integers, so one pass on one thread is as fast as the memory.
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame->design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                           batch);
    const std::size_t parts = batch.response.size();
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::size_t base = together ? 0 : StratumOf(frame->design, batch, r) * times;
      const std::size_t k = axis.IndexOf(batch.response[parts - 2][r]);
      if (k == times)
        return Fail(ErrorCode::kRefused, "a time off the hub's axis", "time_off_axis");
      sums.AddCount(batch.response[parts - 1][r] != 0 ? kEvents : kCensored, base + k);
      if (parts == 3) {
        const std::size_t before = axis.BeforeEntry(batch.response[0][r]);
        if (before > 0) sums.AddCount(kEntries, base + before - 1);
      }
    }
  }
  return {};
}

const TypedStep<CountParameters> kRiskCountStep{"survival.counts", CountLayout, CountEvaluate,
                                                FrameGuard{}};

/// Persons who leave here, per axis and bin. Rows whose case weight is 0 are left out, as no method counts more: where
/// the hub's counts have them too, it claims the more.
std::vector<std::vector<std::int64_t>> OwnExits(const SiteView& site, const SiteFrame& frame,
                                                const std::vector<TimeAxis>& axes,
                                                const std::vector<std::size_t>& axis_of,
                                                const std::vector<bool>& stays) {
  std::vector<std::vector<std::int64_t>> exits;
  std::size_t number = 0;  // of the case
  for (const TimeAxis& axis : axes) exits.emplace_back(axis.size());
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                          batch);
    const std::vector<double>& times = batch.response[batch.response.size() - 2];
    for (std::size_t r = 0; r < batch.rows; ++r, ++number) {
      if (batch.weights[r] == 0 || (!stays.empty() && stays[number])) continue;
      const std::size_t a = axis_of[StratumOf(frame.design, batch, r)];
      const std::size_t k = axes[a].IndexOf(times[r]);
      if (k < exits[a].size()) ++exits[a][k];
    }
  }
  return exits;
}

}  // namespace

std::int64_t ExitsNeeded(const Federation& federation) {
  const std::int64_t k = federation.minimum_count();
  return k > 0 ? std::max(k, static_cast<std::int64_t>(federation.limits().exits_per_time)) : 0;
}

Result<void> HoldExits(const SiteView& site, const SiteFrame& frame, const FrameClaim& claim,
                       const std::vector<TimeAxis>& axes) {
  if (axes.empty()) return {};
  if (axes.size() != 1 && axes.size() != StrataCount(frame.design))
    return Fail(ErrorCode::kRefused, "event times that do not fit the strata", "wrong_layout");
  return HoldExits(site, frame, claim, axes, [&](std::size_t stratum) {
    return axes.size() == 1 ? std::size_t{0} : stratum;
  });
}

Result<void> HoldExits(const SiteView& site, const SiteFrame& frame, const FrameClaim& claim,
                       const std::vector<TimeAxis>& axes,
                       const std::function<std::size_t(std::size_t stratum)>& axis_of,
                       const std::vector<bool>& stays) {
  const auto needed = std::max<std::int64_t>(site.minimum_count,
                                             static_cast<std::int64_t>(site.limits.exits_per_time));
  std::int64_t total = 0;
  for (const TimeAxis& axis : axes) {
    if (!axis.binned || axis.exits.size() != axis.size())
      return Fail(ErrorCode::kRefused, "risk-set sums at exact times", "risk_sets_not_binned");
    for (const std::int64_t exits : axis.exits) {
      total += exits;
      if (exits >= needed) continue;
      return Fail(ErrorCode::kRefused, "a time bin with too few exits", "too_few_exits");
    }
  }
  std::vector<std::size_t> axis_by_stratum;
  for (std::size_t s = 0; s < StrataCount(frame.design); ++s) axis_by_stratum.push_back(axis_of(s));
  std::string key =
      "exits " + site.analysis.name() + " " + core::ToHex(core::Blake2b(core::Encode(axes)));
  for (const std::size_t axis : axis_by_stratum) key += " " + std::to_string(axis);
  using Exits = std::vector<std::vector<std::int64_t>>;
  const auto own = site.cache.GetOrMake<Exits>(
      key, [&] { return OwnExits(site, frame, axes, axis_by_stratum, stays); });
  bool possible = total <= claim.n;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    for (std::size_t k = 0; k < axes[a].size(); ++k)
      possible = possible && (*own)[a][k] <= axes[a].exits[k];
  }
  if (possible) return {};
  return Fail(ErrorCode::kRefused, "exits that this site's own rows contradict", "false_claim");
}

std::vector<const federation::Step*> RiskTimeSteps() { return {&kOccupiedStep, &kRiskCountStep}; }

std::vector<std::int64_t> RiskCounts::AtRisk(std::size_t stratum) const {
  const std::size_t size = axis.size();
  std::vector<std::int64_t> at_risk(size);
  std::int64_t remaining = 0;
  for (std::size_t k = size; k-- > 0;) {
    const std::size_t i = stratum * size + k;
    // Entered before or at t_k - : those who left at t_k or later, less those who entered at t_k or later.
    remaining += events[i] + censored[i];
    if (!entries.empty()) remaining -= entries[i];
    at_risk[k] = remaining;
  }
  return at_risk;
}

std::size_t AskRiskCounts(const ModelFrame& frame, const TimeAxis& axis, RiskStrata strata,
                          RoundParts& parts) {
  return parts.Ask(kRiskCountStep, CountParameters{frame.claim(), axis, strata});
}

RiskCounts RiskCountsOf(const ModelFrame& frame, TimeAxis axis, RiskStrata strata,
                        const PooledSums& sums) {
  RiskCounts counts;
  counts.axis = std::move(axis);
  counts.strata = strata == RiskStrata::kTogether ? 1 : StrataCount(frame.design());
  counts.events = sums.Counts(kEvents);
  counts.censored = sums.Counts(kCensored);
  counts.entries = sums.Counts(kEntries);
  return counts;
}

Result<RiskCounts> CountRisk(Federation& federation, const Analysis& analysis,
                             const ModelFrame& frame, TimeAxis axis, RiskStrata strata) {
  CountParameters parameters{frame.claim(), std::move(axis), strata};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kRiskCountStep, parameters));
  return RiskCountsOf(frame, std::move(parameters.axis), strata, sums);
}

Result<RiskCounts> FindRiskCounts(Federation& federation, const Analysis& analysis,
                                  const ModelFrame& frame, double time_grid,
                                  std::size_t dense_cells) {
  CLINNOVA_ASSIGN(TimeAxisSearch search,
                  TimeAxisSearch::Create(analysis, frame, time_grid, dense_cells,
                                         TimeAxisSearch::Tell::kCounts));
  CLINNOVA_TRY(Finish(search, federation, analysis));
  if (search.counts()) return *search.counts();
  return CountRisk(federation, analysis, frame, search.axis());
}

std::vector<TimeAxis> EventAxes(const RiskCounts& counts, std::int64_t needed) {
  const std::size_t size = counts.axis.size();
  const std::int64_t enough = needed > 0 ? needed : 1;
  std::vector<TimeAxis> axes(counts.strata);
  for (std::size_t s = 0; s < counts.strata; ++s) {
    TimeAxis& times = axes[s];
    times.same = counts.axis.same;
    times.binned = needed > 0 || counts.axis.step > 0 || counts.axis.binned;
    std::int64_t open = 0;
    double last = 0;  // of the exits
    for (std::size_t t = 0; t < size; ++t) {
      const std::int64_t events = counts.events[s * size + t];
      const std::int64_t exits = events + counts.censored[s * size + t];
      open += exits;
      if (exits > 0) last = counts.axis.Time(t);
      if ((times.binned ? open : events) < enough) continue;
      times.times.push_back(counts.axis.Time(t));
      if (needed > 0) times.exits.push_back(open);
      open = 0;
    }
    // Those left over at the end join the last bin.
    if (needed > 0 && open > 0 && !times.times.empty()) {
      times.times.back() = last;
      times.exits.back() += open;
    }
  }
  return axes;
}

double LastTimeTold(const TimeAxis& axis, const std::function<std::int64_t(std::size_t k)>& exits,
                    std::int64_t persons) {
  std::int64_t reaching = 0;
  std::size_t k = axis.size();
  while (k > 1 && reaching < persons) reaching += exits(--k);
  return axis.Time(k < axis.size() ? k : 0);
}

}  // namespace clinnova::stats
