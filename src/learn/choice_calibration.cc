// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_calibration.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/deterministic_math.h"
#include "learn/choice_discrimination.h"
#include "stats/newton_iteration.h"
#include "table/natural_spline.h"

namespace clinnova::learn {
namespace {

constexpr std::size_t kKnots = 4;
constexpr std::size_t kCoefficients = kKnots;  // the intercept, and one less than knots

/// Persons of one bin of the prediction's log odds.
struct Bin {
  double log_odds = 0;
  double without = 0, with = 0;
  double persons() const { return without + with; }
};

std::vector<Bin> BinsOf(std::span<const std::int64_t> counts) {
  std::vector<Bin> bins;
  for (std::size_t b = 0; b < kScoreBins; ++b) {
    const Bin bin{.log_odds = kScoreBin * (static_cast<double>(b) + 0.5 - kScoreBins / 2.0),
                  .without = static_cast<double>(counts[b]),
                  .with = static_cast<double>(counts[kScoreBins + b])};
    if (bin.persons() > 0) bins.push_back(bin);
  }
  return bins;
}

/// The log odds of the person who is the `order`-th from below.
double AtOrder(const std::vector<Bin>& bins, std::int64_t order) {
  double so_far = 0;
  for (const Bin& bin : bins) {
    so_far += bin.persons();
    if (so_far >= static_cast<double>(order)) return bin.log_odds;
  }
  return bins.back().log_odds;
}

std::vector<double> KnotsOf(const std::vector<Bin>& bins, std::int64_t n, int minimum_count) {
  const std::int64_t outer = std::max<std::int64_t>((n + 19) / 20, minimum_count);
  std::vector<double> knots;
  for (const std::int64_t order : {outer, (7 * n + 19) / 20, (13 * n + 19) / 20, n + 1 - outer}) {
    knots.push_back(AtOrder(bins, std::max<std::int64_t>(order, 1)));
  }
  return knots;
}

using Row = std::array<double, kCoefficients>;

Row RowAt(const table::NaturalSpline& spline, double log_odds) {
  Row row{1};
  spline.Evaluate(log_odds, row.data() + 1, 1);
  return row;
}

double Along(const Row& row, const std::vector<double>& beta) {
  double eta = 0;
  for (std::size_t j = 0; j < kCoefficients; ++j) eta += row[j] * beta[j];
  return eta;
}

/// log(1 + e^x), without overflow.
double Softplus(double x) { return std::max(x, 0.0) + core::Log1p(core::Exp(-std::fabs(x))); }
/// Of outcomes with these log odds.
double LogLikelihood(const Bin& bin, double eta) {
  return -bin.with * Softplus(-eta) - bin.without * Softplus(eta);
}

stats::NewtonIteration::Sums SumsAt(const std::vector<Bin>& bins, const std::vector<Row>& rows,
                                    const std::vector<double>& beta) {
  stats::NewtonIteration::Sums sums{
      .score = std::vector<double>(kCoefficients),
      .information = stats::Matrix(kCoefficients, std::vector<double>(kCoefficients))};
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double eta = Along(rows[i], beta);
    const double mean = core::Expit(eta);
    const double residual = bins[i].with - bins[i].persons() * mean;
    const double weight = bins[i].persons() * mean * (1 - mean);
    sums.log_likelihood += LogLikelihood(bins[i], eta);
    for (std::size_t j = 0; j < kCoefficients; ++j) {
      sums.score[j] += residual * rows[i][j];
      for (std::size_t k = 0; k < kCoefficients; ++k) {
        sums.information[j][k] += weight * rows[i][j] * rows[i][k];
      }
    }
  }
  return sums;
}

/// Nothing where the outcome is separated by the prediction.
std::optional<std::vector<double>> Fit(const std::vector<Bin>& bins, const std::vector<Row>& rows) {
  stats::NewtonIteration fit(kCoefficients);
  while (!fit.done()) fit.Step(SumsAt(bins, rows, fit.point()));
  const bool whole = std::ranges::none_of(fit.aliased(), [](bool aliased) { return aliased; });
  if (!fit.converged() || !whole) return {};
  return fit.point();
}

}  // namespace

double DistanceQuantile(std::vector<std::pair<double, double>> distances, double share, double n) {
  std::ranges::sort(distances);
  double so_far = 0;
  for (const auto& [distance, persons] : distances) {
    so_far += persons;
    if (so_far >= share * n) return distance;
  }
  return distances.empty() ? 0 : distances.back().first;
}

std::optional<CalibrationCurve> CalibrationCurveOf(std::span<const std::int64_t> counts,
                                                   int minimum_count) {
  const std::vector<Bin> bins = BinsOf(counts);
  double n = 0;
  for (const Bin& bin : bins) n += bin.persons();
  if (bins.size() < kKnots) return {};
  const std::vector<double> knots = KnotsOf(bins, static_cast<std::int64_t>(n), minimum_count);
  if (!std::ranges::is_sorted(knots, std::less_equal<>())) return {};
  const auto spline = table::NaturalSpline::Create(knots);
  if (!spline) return {};
  std::vector<Row> rows;
  for (const Bin& bin : bins) rows.push_back(RowAt(*spline, bin.log_odds));
  const std::optional<std::vector<double>> beta = Fit(bins, rows);
  if (!beta) return {};
  CalibrationCurve curve;
  std::vector<std::pair<double, double>> distances;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double off = core::Expit(Along(rows[i], *beta)) - core::Expit(bins[i].log_odds);
    distances.emplace_back(std::fabs(off), bins[i].persons());
    curve.average += std::fabs(off) * bins[i].persons() / n;
  }
  curve.median = DistanceQuantile(distances, 0.5, n);
  if (n >= 10.0 * minimum_count) curve.ninth_tenth = DistanceQuantile(distances, 0.9, n);
  for (int step = 1; step < 20; ++step) {
    const double p = step / 20.0;
    const double log_odds = core::Log(p) - core::Log1p(-p);
    if (log_odds < knots.front() || log_odds > knots.back()) continue;
    curve.points.emplace_back(p, core::Expit(Along(RowAt(*spline, log_odds), *beta)));
  }
  return curve;
}

NeededPersons PersonsNeeded(double r_squared, double risk, std::optional<std::size_t> parameters) {
  const auto whole = [](double persons) { return static_cast<std::int64_t>(std::ceil(persons)); };
  NeededPersons needed{.overall_risk = whole(1.96 / 0.05 * (1.96 / 0.05) * risk * (1 - risk))};
  if (!parameters || !(r_squared > 0)) return needed;
  const auto for_shrinkage = [&](double shrinkage) {
    return whole(static_cast<double>(*parameters) /
                 ((shrinkage - 1) * core::Log1p(-r_squared / shrinkage)));
  };
  const double largest =
      -core::Expm1(2 * (risk * core::Log(risk) + (1 - risk) * core::Log1p(-risk)));
  needed.shrinkage = for_shrinkage(0.9);
  needed.optimism = for_shrinkage(r_squared / (r_squared + 0.05 * largest));
  return needed;
}

std::optional<SampleSize> SampleSizeOf(std::span<const std::int64_t> counts,
                                       std::optional<std::size_t> parameters) {
  SampleSize size;
  double likelihood = 0;
  for (const Bin& bin : BinsOf(counts)) {
    size.persons += static_cast<std::int64_t>(bin.persons());
    size.events += static_cast<std::int64_t>(bin.with);
    likelihood += LogLikelihood(bin, bin.log_odds);
  }
  if (size.events == 0 || size.events == size.persons) return {};
  const auto n = static_cast<double>(size.persons);
  const double risk = static_cast<double>(size.events) / n;
  const double without = n * (risk * core::Log(risk) + (1 - risk) * core::Log1p(-risk));
  size.r_squared = -core::Expm1(-2 * (likelihood - without) / n);
  size.needed = PersonsNeeded(size.r_squared, risk, parameters);
  return size;
}

}  // namespace clinnova::learn
