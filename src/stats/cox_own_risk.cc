// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_own_risk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/deterministic_math.h"
#include "core/hash.h"
#include "federation/exact_moments.h"
#include "stats/cox_rows.h"
#include "stats/own_sums.h"

namespace clinnova::stats {

using federation::ExactMoments;
using federation::ExactSums;
using federation::PooledSums;
using federation::SiteView;
using table::DesignBatch;

namespace {

/// How much the bound of a risk is raised at a time, in powers of two, and how often.
constexpr int kRangeStep = 10;
constexpr int kRangeSteps = 40;

/// The site's own event times, per stratum.
std::vector<TimeAxis> OwnEventTimes(const SiteView& site, const SiteFrame& frame,
                                    const FrameClaim& claim) {
  std::vector<TimeAxis> axes(StrataCount(frame.design));
  ForEachRow(
      site, frame, claim, [&](const DesignBatch& batch, std::size_t r, const std::vector<double>&) {
        const std::size_t parts = batch.response.size();
        if (batch.response[parts - 1][r] == 0) return;
        axes[StratumOf(frame.design, batch, r)].times.push_back(batch.response[parts - 2][r]);
      });
  for (TimeAxis& axis : axes) {
    std::sort(axis.times.begin(), axis.times.end());
    axis.times.erase(std::unique(axis.times.begin(), axis.times.end()), axis.times.end());
    JoinSameTimes(axis);
  }
  return axes;
}

/// When a row is at risk: at the event times [first, last].
struct AtRisk {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  bool late = false;  ///< first is not the stratum's first
};

/// Nothing for a row that is never at risk at an event.
std::optional<AtRisk> AtRiskOf(const OwnRows& rows, const std::vector<std::size_t>& begins,
                               std::size_t stratum, const DesignBatch& batch, std::size_t r) {
  const TimeAxis& axis = rows.axes[stratum];
  if (axis.size() == 0 || batch.weights[r] == 0) return std::nullopt;
  const std::size_t parts = batch.response.size();
  const std::size_t through = axis.AtRiskThrough(batch.response[parts - 2][r]);
  const std::size_t before = parts == 3 ? axis.BeforeEntry(batch.response[0][r]) : 0;
  if (through <= before) return std::nullopt;
  return AtRisk{static_cast<std::uint32_t>(begins[stratum] + before),
                static_cast<std::uint32_t>(begins[stratum] + through - 1), before > 0};
}

/// Puts rows in their order by counting those of each event time first.
class OwnRowsMaker {
 public:
  OwnRowsMaker(const SiteView& site, const SiteFrame& frame, const FrameClaim& claim)
      : site_(site), frame_(frame), claim_(claim) {}

  OwnRows Make() && {
    rows_.axes = OwnEventTimes(site_, frame_, claim_);
    rows_.p = frame_.design.names().size() - 1;
    begins_ = CellOffsets(rows_.axes);
    Count();
    ForEachRow(site_, frame_, claim_,
               [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
                 const auto at_risk = Find(batch, r);
                 if (at_risk) Put(*at_risk, batch, r, x);
               });
    const auto earlier = [](const OwnRows::Entry& a, const OwnRows::Entry& b) {
      return a.time < b.time;
    };
    std::sort(rows_.entries.begin(), rows_.entries.end(), earlier);
    SumDeaths();
    return std::move(rows_);
  }

 private:
  std::optional<AtRisk> Find(const DesignBatch& batch, std::size_t r) const {
    return AtRiskOf(rows_, begins_, StratumOf(frame_.design, batch, r), batch, r);
  }

  void Count() {
    places_.assign(begins_.back() + 1, 0);
    ForEachRow(site_, frame_, claim_,
               [&](const DesignBatch& batch, std::size_t r, const std::vector<double>&) {
                 const auto at_risk = Find(batch, r);
                 if (at_risk) ++places_[at_risk->last + 1];
               });
    for (std::size_t k = 1; k < places_.size(); ++k) places_[k] += places_[k - 1];
    const std::size_t count = places_.back();
    rows_.last.resize(count), rows_.event.resize(count), rows_.x.resize(count * rows_.p);
    rows_.weights.resize(count), rows_.offsets.resize(count);
  }

  void Put(const AtRisk& at_risk, const DesignBatch& batch, std::size_t r,
           const std::vector<double>& x) {
    const std::size_t row = places_[at_risk.last]++;
    rows_.last[row] = at_risk.last;
    rows_.event[row] = batch.response.back()[r] != 0;
    rows_.weights[row] = batch.weights[r];
    rows_.offsets[row] = batch.offset[r];
    std::copy(x.begin(), x.end(), rows_.x.begin() + static_cast<std::ptrdiff_t>(row * rows_.p));
    for (const double value : x)
      rows_.largest_size = std::max(rows_.largest_size, std::fabs(value));
    if (at_risk.late) {
      rows_.entries.push_back({at_risk.first - 1, static_cast<std::uint32_t>(row)});
    }
  }

  void SumDeaths() {
    const std::size_t p = rows_.p;
    ExactSums sums({{federation::WideBlock("deaths", 1 + p)}});
    for (std::size_t row = 0; row < rows_.last.size(); ++row) {
      if (rows_.event[row] == 0) continue;
      sums.Add(0, 0, rows_.weights[row] * rows_.offsets[row]);
      for (std::size_t j = 0; j < p; ++j)
        sums.Add(0, 1 + j, rows_.weights[row] * rows_.x[row * p + j]);
    }
    const PooledSums own = OwnSums(sums);
    for (std::size_t j = 0; j <= p; ++j) rows_.death_sum.push_back(own.Number(0, j));
    if (sums.flagged()) rows_.largest_size = std::numeric_limits<double>::infinity();
  }

  const SiteView& site_;     // not owned, outlives this
  const SiteFrame& frame_;   // not owned, outlives this
  const FrameClaim& claim_;  // not owned, outlives this
  OwnRows rows_;
  std::vector<std::size_t> begins_;  ///< first event time of each stratum
  std::vector<std::size_t> places_;  ///< where the next row that leaves at each time goes
};

/// weight * e^(offset + x'beta) of each row.
std::vector<double> RisksOf(const OwnRows& rows, const std::vector<double>& beta) {
  std::vector<double> risks(rows.offsets);
  const double* x = rows.x.data();
  for (double& risk : risks) {
    for (const double coefficient : beta) risk += coefficient * *x++;
  }
  core::Exp(risks, risks);
  for (std::size_t row = 0; row < risks.size(); ++row) risks[row] *= rows.weights[row];
  return risks;
}

/// The exponent of a bound of all risks, from the expected one on; nothing when there is none.
std::optional<std::int64_t> RiskExponent(const CoxParameters& parameters, double largest_risk,
                                         double largest_size) {
  for (int attempt = 0; attempt < kRangeSteps; ++attempt) {
    const std::int64_t exponent = parameters.risk_exponent + attempt * kRangeStep;
    const auto fits = [&](double value, std::int64_t times_size) {
      return value <= std::ldexp(1.0, static_cast<int>(exponent + times_size));  // false for NaN
    };
    if (fits(largest_risk, 0) && fits(largest_risk * largest_size, parameters.size_exponent) &&
        fits(largest_risk * largest_size * largest_size, 2 * parameters.size_exponent)) {
      return exponent;
    }
  }
  return std::nullopt;
}

/// The sum of weights, which does not depend on the order of rows.
class ExactWeight {
 public:
  void Add(double weight) { sums_.Add(0, 0, weight); }
  long double Take() {
    const double sum = OwnSums(sums_).Number(0);
    sums_ = sums_.Zero();
    return sum;
  }

 private:
  ExactSums sums_{{{federation::WideBlock("weight", 1)}}};
};

/// Walks a site's event times backwards.
class BackwardWalk {
 public:
  BackwardWalk(const OwnRows& rows, const CoxParameters& parameters, std::vector<double> risks,
               std::int64_t exponent)
      : rows_(rows),
        parameters_(parameters),
        risks_(std::move(risks)),
        begins_(CellOffsets(rows.axes)),
        at_risk_(rows.p, exponent, parameters.size_exponent),
        dying_(rows.p, exponent, parameters.size_exponent),
        risk_numbers_(ExactMoments::NumbersOf(rows.p)),
        dying_numbers_(risk_numbers_) {}

  void Stratum(std::size_t stratum, const UseEventTime& use) {
    const auto end = static_cast<std::uint32_t>(begins_[stratum + 1]);
    next_ = static_cast<std::size_t>(std::lower_bound(rows_.last.begin(), rows_.last.end(), end) -
                                     rows_.last.begin());
    const auto by_time = [](const OwnRows::Entry& e, std::uint32_t time) { return e.time < time; };
    entry_ = static_cast<std::size_t>(
        std::lower_bound(rows_.entries.begin(), rows_.entries.end(), end, by_time) -
        rows_.entries.begin());
    at_risk_.Clear();
    at_.stratum = stratum;
    for (at_.index = rows_.axes[stratum].size(); at_.index-- > 0;) {
      Reach(static_cast<std::uint32_t>(begins_[stratum] + at_.index));
      if (at_.deaths == 0) continue;
      at_risk_.Read(risk_numbers_);
      SumSteps(risk_numbers_, dying_numbers_, rows_.p, parameters_.ties, at_);
      use(at_);
    }
  }

 private:
  std::span<const double> X(std::size_t row) const {
    return {rows_.x.data() + row * rows_.p, rows_.p};
  }

  /// Lets in who is at risk at `time` and not later, out who is not at risk yet, and counts who dies.
  void Reach(std::uint32_t time) {
    const std::size_t after = next_;
    at_.deaths = 0;
    for (; next_ > 0 && rows_.last[next_ - 1] == time; --next_) {
      at_risk_.Add(X(next_ - 1), risks_[next_ - 1]);
      at_.deaths += rows_.event[next_ - 1];
    }
    for (; entry_ > 0 && rows_.entries[entry_ - 1].time == time; --entry_) {
      const std::size_t row = rows_.entries[entry_ - 1].row;
      at_risk_.Add(X(row), -risks_[row]);
    }
    at_.weight = static_cast<long double>(at_.deaths);
    if (at_.deaths > 0 && parameters_.weighted) AddWeights(after);
    if (at_.deaths > 1 && parameters_.ties == Ties::kEfron) AddDying(after);
  }

  void AddWeights(std::size_t after) {
    for (std::size_t row = next_; row < after; ++row) {
      if (rows_.event[row] != 0) weight_.Add(rows_.weights[row]);
    }
    at_.weight = weight_.Take();
  }

  void AddDying(std::size_t after) {
    dying_.Clear();
    for (std::size_t row = next_; row < after; ++row) {
      if (rows_.event[row] != 0) dying_.Add(X(row), risks_[row]);
    }
    dying_.Read(dying_numbers_);
  }

  const OwnRows& rows_;              // not owned, outlives this
  const CoxParameters& parameters_;  // not owned, outlives this
  std::vector<double> risks_;
  std::vector<std::size_t> begins_;
  ExactMoments at_risk_;
  ExactMoments dying_;
  std::vector<long double> risk_numbers_;
  std::vector<long double> dying_numbers_;
  ExactWeight weight_;
  EventTime at_;
  std::size_t next_ = 0;   ///< rows before this one have not been let in yet
  std::size_t entry_ = 0;  ///< entries before this one have not been reached
};

}  // namespace

Result<std::shared_ptr<const OwnRows>> OwnRowsOf(const SiteView& site, const SiteFrame& frame,
                                                 const FrameClaim& claim) {
  const auto& strata = frame.design.strata();
  if (std::none_of(strata.begin(), strata.end(), [](const auto& s) { return s.name == "site"; })) {
    return Fail(ErrorCode::kRefused, "strata that cross sites", "not_stratified_by_site");
  }
  const std::string version =
      site.analysis.name() + " " + core::ToHex(core::Blake2b(core::Encode(claim)));
  return site.cache.GetOrReplace<OwnRows>("cox rows", version,
                                          [&] { return OwnRowsMaker(site, frame, claim).Make(); });
}

bool ForEachOwnEventTime(const OwnRows& rows, const CoxParameters& parameters,
                         const UseEventTime& use) {
  std::vector<double> risks = RisksOf(rows, parameters.beta);
  double largest = 0;
  for (const double risk : risks) {
    if (!std::isfinite(risk)) return false;
    largest = std::max(largest, risk);
  }
  const auto exponent = RiskExponent(parameters, largest, rows.largest_size);
  if (!exponent) return false;
  BackwardWalk walk(rows, parameters, std::move(risks), *exponent);
  for (std::size_t stratum = 0; stratum < rows.axes.size(); ++stratum) walk.Stratum(stratum, use);
  return true;
}

}  // namespace clinnova::stats
