// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_zph.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "stats/cox_own_risk.h"
#include "stats/cox_rows.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::DesignBatch;

constexpr double kSingular = 1e-12;

struct ZphParameters {
  CoxParameters cox;
  TimeTransform transform;
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(transform);
  }
};
enum ZphBlock { kZphScore, kZphCross, kZphSquare };

Result<Layout> ZphLayout(const Analysis&, const table::Schema&, const ZphParameters& parameters) {
  const std::size_t p = parameters.cox.beta.size();
  const std::size_t second = parameters.cox.axes.empty() ? p * (p + 1) / 2 : 0;
  return Layout{{WideBlock("score", p), WideBlock("cross", second), WideBlock("square", second)}};
}

/// The events' own covariates: sum of g(t) x, weighted.
Result<void> AddEvents(const SiteView& site, const SiteFrame& frame,
                       const ZphParameters& parameters, ExactSums& sums) {
  const TimeTransform& transform = parameters.transform;
  bool off_axis = false;
  ForEachRow(site, frame, parameters.cox.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const std::size_t parts = batch.response.size();
               if (batch.response[parts - 1][r] == 0) return;
               const std::size_t k = transform.axis.IndexOf(batch.response[parts - 2][r]);
               if (k == transform.axis.size()) {
                 off_axis = true;
                 return;
               }
               for (std::size_t j = 0; j < x.size(); ++j)
                 sums.Add(kZphScore, j, batch.weights[r] * transform.g[k] * x[j]);
             });
  if (off_axis) return Fail(ErrorCode::kRefused, "an event off the hub's times", "time_off_axis");
  return {};
}

/// What an event time takes from the score and adds to the information of the extended model.
struct Extension {
  std::vector<double> score;
  std::vector<double> cross;
  std::vector<double> square;
};

Extension ExtensionOf(const EventTime& at, double g) {
  Extension extension;
  for (const long double mean : at.mean) extension.score.push_back(static_cast<double>(-g * mean));
  for (const long double variance : at.variance) {
    extension.cross.push_back(static_cast<double>(g * variance));
    extension.square.push_back(static_cast<double>(g * (g * variance)));
  }
  return extension;
}

Result<void> ZphEvaluate(const SiteView& site, const ZphParameters& parameters, ExactSums& sums) {
  const CoxParameters& cox = parameters.cox;
  const TimeTransform& transform = parameters.transform;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, cox.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, cox));
  if (transform.g.size() != transform.axis.size()) {
    return Fail(ErrorCode::kRefused, "a transformation that does not fit its times",
                "wrong_layout");
  }
  CLINNOVA_TRY(AddEvents(site, *frame, parameters, sums));
  if (!cox.axes.empty()) return {};
  CLINNOVA_ASSIGN(const std::shared_ptr<const OwnRows> rows, OwnRowsOf(site, *frame, cox.claim));
  const auto add = [&](ZphBlock block, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) sums.Add(block, i, values[i]);
  };
  const bool usable = ForEachOwnEventTime(*rows, cox, [&](const EventTime& at) {
    // Every event's time is on the axis: AddEvents has looked.
    const double g = transform.g[transform.axis.IndexOf(rows->axes[at.stratum].Time(at.index))];
    const Extension extension = ExtensionOf(at, g);
    add(kZphScore, extension.score);
    add(kZphCross, extension.cross);
    add(kZphSquare, extension.square);
  });
  if (!usable) sums.Flag(kZphScore);
  return {};
}

const TypedStep<ZphParameters> kZphStep{"cox.proportionality", ZphLayout, ZphEvaluate, CoxGuard{}};

/// Score and information of the extended model over all sites.
struct ExtendedModel {
  std::vector<double> score;
  Matrix cross;
  Matrix square;
};

ExtendedModel Extended(const CoxSolution& solution, const TimeTransform& transform,
                       const PooledSums& sums) {
  const std::size_t p = solution.parameters.beta.size();
  std::vector<double> score = sums.Numbers(kZphScore);
  std::vector<double> cross(p * (p + 1) / 2);
  std::vector<double> square(p * (p + 1) / 2);
  if (!solution.sums) {
    cross = sums.Numbers(kZphCross);
    square = sums.Numbers(kZphSquare);
  } else {
    const std::vector<TimeAxis>& axes = solution.parameters.axes;
    ForEachEventTime(solution.parameters, axes, *solution.sums, [&](const EventTime& at) {
      const std::size_t k = transform.axis.IndexOf(axes[at.stratum].Time(at.index));
      CLINNOVA_CHECK(k < transform.g.size());
      const Extension extension = ExtensionOf(at, transform.g[k]);
      for (std::size_t j = 0; j < p; ++j) score[j] += extension.score[j];
      for (std::size_t j = 0; j < cross.size(); ++j) {
        cross[j] += extension.cross[j];
        square[j] += extension.square[j];
      }
    });
  }
  return {std::move(score), FromLowerTriangle(cross, p), FromLowerTriangle(square, p)};
}

/// u' I^-1 u for beta (score 0) and the theta of `tested` columns.
std::optional<double> ScoreTest(const Matrix& information, const ExtendedModel& model,
                                const std::vector<std::size_t>& kept,
                                const std::vector<std::size_t>& tested) {
  const std::size_t p = kept.size();
  const std::size_t size = p + tested.size();
  Matrix joint(size, std::vector<double>(size));
  std::vector<double> score(size);
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) joint[i][j] = information[kept[i]][kept[j]];
    for (std::size_t j = 0; j < tested.size(); ++j) {
      joint[i][p + j] = joint[p + j][i] = model.cross[kept[i]][tested[j]];
    }
  }
  for (std::size_t i = 0; i < tested.size(); ++i) {
    score[p + i] = model.score[tested[i]];
    for (std::size_t j = 0; j < tested.size(); ++j)
      joint[p + i][p + j] = model.square[tested[i]][tested[j]];
  }
  const SymmetricFactor factor(joint, kSingular);
  if (factor.rank() < size) return std::nullopt;
  const std::vector<double> solved = factor.Solve(score);
  double statistic = 0;
  for (std::size_t i = 0; i < size; ++i) statistic += solved[i] * score[i];
  return statistic;
}

/// Counts of all strata, with times merged until each has `exits` exits; the last bin may take more.
struct MergedCounts {
  TimeAxis axis;
  std::vector<std::int64_t> events;
  std::vector<std::int64_t> exits;
  std::vector<std::int64_t>
      entries;  ///< entered after the bin of this index began, so not at risk in it
};

MergedCounts Merge(const RiskCounts& counts, std::int64_t exits_per_time) {
  const std::size_t size = counts.axis.size();
  MergedCounts merged;
  merged.axis.binned = true;
  merged.axis.same = counts.axis.same;
  std::vector<std::int64_t> entries(size + 1);  // by the number of bins that ended before entry
  const auto open = [&] {
    merged.events.push_back(0), merged.exits.push_back(0), merged.axis.times.push_back(0);
  };
  bool full = true;
  for (std::size_t k = 0; k < size; ++k) {
    std::int64_t events = 0;
    std::int64_t exits = 0;
    std::int64_t entered = 0;
    for (std::size_t s = 0; s < counts.strata; ++s) {
      const std::size_t cell = s * size + k;
      events += counts.events[cell];
      exits += counts.events[cell] + counts.censored[cell];
      if (!counts.entries.empty()) entered += counts.entries[cell];
    }
    if (exits > 0) {
      if (full) open();
      merged.events.back() += events;
      merged.exits.back() += exits;
      merged.axis.times.back() = counts.axis.Time(k);
      full = merged.exits.back() >= exits_per_time;
    }
    entries[merged.exits.size() - (full || merged.exits.empty() ? 0 : 1)] += entered;
  }
  if (!full && merged.exits.size() > 1) {  // the last, if short, joins the one before
    const std::size_t last = merged.exits.size() - 1;
    merged.events[last - 1] += merged.events[last];
    merged.exits[last - 1] += merged.exits[last];
    merged.axis.times[last - 1] = merged.axis.times[last];
    entries[last - 1] += entries[last];
    entries[last] = 0;
    merged.events.pop_back(), merged.exits.pop_back(), merged.axis.times.pop_back();
  }
  merged.entries.assign(entries.begin(),
                        entries.begin() + static_cast<std::ptrdiff_t>(merged.exits.size()) + 1);
  return merged;
}

}  // namespace

TimeTransform KaplanMeierTransform(const RiskCounts& counts, std::int64_t exits_per_time) {
  MergedCounts merged = Merge(counts, exits_per_time);
  const std::size_t size = merged.exits.size();
  TimeTransform transform;
  transform.g.resize(size);
  std::int64_t at_risk = 0;  // those who leave at this time or later, less those who come after it
  std::vector<std::int64_t> risk(size);
  for (std::size_t k = size; k-- > 0;) {
    at_risk += merged.exits[k] - merged.entries[k + 1];
    risk[k] = at_risk;
  }
  long double survival = 1;
  long double total = 0;
  std::int64_t events = 0;
  for (std::size_t k = 0; k < size; ++k) {
    transform.g[k] = static_cast<double>(1 - survival);
    total += static_cast<long double>(transform.g[k]) * static_cast<long double>(merged.events[k]);
    events += merged.events[k];
    if (merged.events[k] > 0) {
      survival *=
          static_cast<long double>(risk[k] - merged.events[k]) / static_cast<long double>(risk[k]);
    }
  }
  const long double mean = events > 0 ? total / static_cast<long double>(events) : 0;
  for (double& g : transform.g) g = static_cast<double>(g - mean);
  transform.axis = std::move(merged.axis);
  return transform;
}

std::size_t AskProportionality(const CoxParameters& parameters, const TimeTransform& transform,
                               RoundParts& parts) {
  return parts.Ask(kZphStep, ZphParameters{parameters, transform});
}

std::vector<ProportionalityTest> ProportionalityOf(const PooledSums& sums,
                                                   const CoxSolution& solution,
                                                   const std::vector<double>& information,
                                                   const TimeTransform& transform,
                                                   const std::vector<TermColumns>& terms) {
  const ExtendedModel model = Extended(solution, transform, sums);
  const Matrix fitted = FromLowerTriangle(information, solution.parameters.beta.size());
  std::vector<std::size_t> kept;
  for (const TermColumns& term : terms)
    kept.insert(kept.end(), term.columns.begin(), term.columns.end());
  std::sort(kept.begin(), kept.end());
  std::vector<ProportionalityTest> tests;
  for (const TermColumns& term : terms) {
    if (term.columns.empty()) continue;
    tests.push_back({term.term, ScoreTest(fitted, model, kept, term.columns), term.columns.size()});
  }
  tests.push_back({"GLOBAL", ScoreTest(fitted, model, kept, kept), kept.size()});
  return tests;
}

std::vector<const federation::Step*> ProportionalitySteps() { return {&kZphStep}; }

}  // namespace clinnova::stats
