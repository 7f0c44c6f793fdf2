// SPDX-License-Identifier: Apache-2.0
#include "stats/weighted_incidence_steps.h"

#include <algorithm>
#include <limits>

#include "stats/person_rows.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::DesignBatch;

namespace {

constexpr std::size_t kLargestNumbers = 50'000'000;
constexpr double kAlways = -std::numeric_limits<double>::infinity();  ///< under observation

/// A row on its group's axis, or a person's rows that follow each other in a group as one.
struct Place {
  std::size_t group = 0;
  std::size_t exit = 0;    ///< index of the time at which the person leaves
  std::size_t before = 0;  ///< times at which the person was not yet at risk
  std::int64_t status = 0;
  double weight = 1;
  bool again = false;  ///< the person was in the group before, and comes after the place before
};

Result<void> CheckAxes(const SiteFrame& frame, const CurveParameters& parameters) {
  const std::size_t groups = parameters.axes.size();
  const bool fits = groups > 0 && StrataCount(frame.design) % groups == 0 &&
                    parameters.causes.size() <= 200 &&
                    std::is_sorted(parameters.causes.begin(), parameters.causes.end());
  if (fits) return {};
  return Fail(ErrorCode::kRefused, "times that do not fit the groups", "wrong_layout");
}

/// Where a row ends and begins.
struct Span {
  std::size_t group = 0;
  double start = 0;
  double stop = 0;
  std::int64_t status = 0;
  double weight = 1;
  bool again = false;
};

/// The same as ForEachSpan, of persons who have several rows.
template <typename Use>
Result<void> ForEachSpanOfPersons(const PersonRows& persons, std::size_t groups, Use use) {
  const std::vector<PersonRow>& rows = persons.rows;
  std::vector<Span> spans;  // of one person
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PersonRow& row = rows[i];
    if (persons.ContinuedInCell(i)) {
      spans.back().stop = row.stop;
      spans.back().status = row.status;
    } else {
      spans.push_back({row.cell % groups, row.start, row.stop, row.status, row.weight});
    }
    if (!persons.IsLast(i)) continue;
    std::ranges::stable_sort(spans, {}, &Span::group);
    for (std::size_t s = 0; s < spans.size(); ++s) {
      spans[s].again = s > 0 && spans[s].group == spans[s - 1].group;
      CLINNOVA_TRY(use(spans[s]));
    }
    spans.clear();
  }
  return {};
}

/// Calls use(span) for every row of a weight above 0. A person's rows come group by group, in the order of time, and those
/// that follow each other without a gap as one, so that whoever goes on in another group leaves as if censored.
template <typename Use>
Result<void> ForEachSpan(const SiteView& site, const SiteFrame& frame,
                         const CurveParameters& parameters, Use use) {
  const std::size_t groups = parameters.axes.size();
  CLINNOVA_ASSIGN(const std::shared_ptr<const PersonRows> persons,
                  PersonRowsOf(site, frame, parameters.claim, parameters.axes.front().same));
  if (persons) return ForEachSpanOfPersons(*persons, groups, use);
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                          batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::size_t parts = batch.response.size();
      if (batch.weights[r] == 0) continue;
      CLINNOVA_TRY(use(Span{.group = StratumOf(frame.design, batch, r) % groups,
                            .start = parts == 3 ? batch.response[0][r] : kAlways,
                            .stop = batch.response[parts - 2][r],
                            .status = static_cast<std::int64_t>(batch.response.back()[r]),
                            .weight = batch.weights[r]}));
    }
  }
  return {};
}

/// Calls use(place, cause) for every person at risk at some time of her group; cause is size() for a censored one.
template <typename Use>
Result<void> ForEachPlace(const SiteView& site, const CurveParameters& parameters, Use use) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckAxes(*frame, parameters));
  const std::vector<std::int64_t>& causes = parameters.causes;
  bool before = false;  // the person was at risk in the group
  return ForEachSpan(site, *frame, parameters, [&](const Span& span) -> Result<void> {
    before = before && span.again;
    const TimeAxis& axis = parameters.axes[span.group];
    if (axis.size() == 0) return {};  // too few leave the group: it has no curve
    Place place{.group = span.group, .status = span.status, .weight = span.weight};
    place.exit = axis.IndexOf(span.stop);
    place.before = span.start == kAlways ? 0 : axis.BeforeEntry(span.start);
    place.again = before;
    const auto cause = std::lower_bound(causes.begin(), causes.end(), span.status);
    const bool known = span.status == 0 || (cause != causes.end() && *cause == span.status);
    if (place.exit >= axis.size() || !known) {
      return Fail(ErrorCode::kRefused, "a time or cause that the hub does not know",
                  "time_off_axis");
    }
    if (place.before > place.exit) return {};
    before = true;
    use(place, span.status == 0 ? causes.size() : static_cast<std::size_t>(cause - causes.begin()));
    return {};
  });
}
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

/// What a person's weight does to the curves once she has left: alpha + a F_j(t).
struct LeftInfluence {
  std::vector<double> alpha;  ///< by cause
  double a = 0;
};

/// What a person's weight does to the curves: one row's part of the sums. Whoever comes again brings what her rows before did
/// along: nothing changes but that squares are of the sum.
class Influence {
 public:
  Influence(const JackknifeParameters& parameters, const std::vector<std::size_t>& offsets,
            const Place& place, LeftInfluence& left)
      : path_(parameters.path),
        size_(parameters.path.survival.size()),
        cells_(offsets.back()),
        cell_(offsets[place.group]),
        first_(offsets[place.group] + place.group),
        place_(place),
        squared_weight_(place.weight * place.weight),
        entry_drift_(place.before > 0 ? path_.drift[first_ + place.before] : 0),
        left_(left) {}

  /// `own` is the cause of the person's event, or beyond all.
  void Add(std::size_t causes, std::size_t own, ExactSums& sums) const {
    if (place_.again) {
      AddLeft(place_.before, -1, sums);
    } else {
      left_ = {std::vector<double>(causes), 0};
    }
    const std::size_t before = first_ + place_.exit;
    const double at_survival = path_.survival[before] * (path_.drift[before] - entry_drift_);
    const double rate = path_.rate[before + 1];
    const double share = path_.share[before + 1];
    const double on_survival = at_survival * (1 - rate) + share * (rate - (own < causes ? 1 : 0));
    const double survival = path_.survival[before + 1];
    const double a = survival > 0 ? on_survival / survival : 0;
    const double drift = entry_drift_ - left_.a;
    AddRisk(kRisk, 0, 1, sums);
    AddRisk(kRiskDrift, 0, drift, sums);
    AddRisk(kRiskDrift2, 0, drift * drift, sums);
    for (std::size_t cause = 0; cause < causes; ++cause) {
      const double own_gamma = Gamma(cause);
      const double gamma = own_gamma + left_.alpha[cause];
      const double cause_rate = path_.cause_rate[cause * size_ + before + 1];
      const double at_incidence = Of(path_.influence, cause, before) + own_gamma -
                                  entry_drift_ * Of(path_.incidence, cause, before);
      const double on_incidence =
          at_incidence + at_survival * cause_rate + share * ((cause == own ? 1 : 0) - cause_rate);
      left_.alpha[cause] += on_incidence - a * Of(path_.incidence, cause, before + 1);
      AddRisk(kRiskGamma, cause, gamma, sums);
      AddRisk(kRiskGammaDrift, cause, gamma * drift, sums);
      AddRisk(kRiskGamma2, cause, gamma * gamma, sums);
    }
    left_.a += a;
    AddLeft(place_.exit, 1, sums);
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
  /// From the index on, or no more.
  void AddLeft(std::size_t index, int sign, ExactSums& sums) const {
    AddAt(kLeftA2, 0, index, sign * left_.a * left_.a, sums);
    for (std::size_t cause = 0; cause < left_.alpha.size(); ++cause) {
      const double alpha = left_.alpha[cause];
      AddAt(kLeftAlpha2, cause, index, sign * alpha * alpha, sums);
      AddAt(kLeftAlphaA, cause, index, sign * alpha * left_.a, sums);
    }
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
  LeftInfluence& left_;  // not owned, outlives this
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
  LeftInfluence left;  // of the person's rows so far
  return ForEachPlace(site, parameters.curve, [&](const Place& place, std::size_t cause) {
    Influence(parameters, offsets, place, left).Add(causes, cause, sums);
  });
}
}  // namespace

Result<void> HoldCurves(const SiteView& site, const CurveParameters& parameters) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckAxes(*frame, parameters));
  CLINNOVA_ASSIGN(const std::shared_ptr<const PersonRows> persons,
                  PersonRowsOf(site, *frame, parameters.claim, parameters.axes.front().same));
  std::vector<bool> stays;
  for (std::size_t number = 0; persons && number < persons->place.size(); ++number)
    stays.push_back(persons->ContinuesInCell(persons->place[number]));
  return HoldExits(
      site, *frame, parameters.claim, parameters.axes,
      [&](std::size_t stratum) { return stratum % parameters.axes.size(); }, stays);
}
const TypedStep<CurveParameters> kWeightStep{"competing.weights", WeightLayout, WeightEvaluate,
                                             CurveGuard{}};
const TypedStep<JackknifeParameters> kJackknifeStep{"competing.jackknife", JackknifeLayout,
                                                    JackknifeEvaluate, CurveGuard{}};

}  // namespace clinnova::stats
