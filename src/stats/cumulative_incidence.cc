// SPDX-License-Identifier: Apache-2.0
#include "stats/cumulative_incidence.h"

#include <algorithm>
#include <cmath>

#include "stats/linear_algebra.h"

namespace clinnova::stats {
namespace {

/// Influences of persons on S and on F, for those still at risk (one for all) and, as sums, for those who left.
class Influences {
 public:
  /// A time with n at risk, d_cause and d_other events and c censored; S and F stand before it.
  void Pass(long double n, long double d_cause, long double d_other, long double c,
            long double survival) {
    const long double d = d_cause + d_other;
    const long double stay = 1 - d / n;
    const long double rate = d_cause / n;
    // Those who left: (u, v) -> (u stay, v + u rate).
    gone_.vv += 2 * rate * gone_.uv + rate * rate * gone_.uu;
    gone_.uv = stay * (gone_.uv + rate * gone_.uu);
    gone_.uu *= stay * stay;
    // Those at risk, by what happens to them now.
    const long double u = u_ * stay;
    const long double v = v_ + u_ * rate;
    const long double share = survival / n;
    const Pair alive{u + share * d / n, v - share * rate};
    Leave(d_cause, {u - share * stay, v + share * (1 - rate)});
    Leave(d_other, {u - share * stay, v - share * rate});
    Leave(c, alive);
    u_ = alive.u;
    v_ = alive.v;
    left_ = n - d - c;
  }

  /// The sum of squared influences on F.
  long double Variance() const { return gone_.vv + left_ * v_ * v_; }

 private:
  struct Pair {
    long double u;
    long double v;
  };
  void Leave(long double persons, const Pair& influence) {
    gone_.uu += persons * influence.u * influence.u;
    gone_.uv += persons * influence.u * influence.v;
    gone_.vv += persons * influence.v * influence.v;
  }

  struct {
    long double uu = 0;
    long double uv = 0;
    long double vv = 0;
  } gone_;
  long double u_ = 0;
  long double v_ = 0;
  long double left_ = 0;
};

}  // namespace

std::vector<IncidencePoint> CumulativeIncidence(const CauseCounts& counts, std::size_t cause,
                                                std::size_t stratum) {
  const std::vector<std::int64_t> at_risk = counts.AtRisk(stratum);
  std::vector<IncidencePoint> curve;
  Influences influences;
  long double survival = 1;
  long double incidence = 0;
  long double largest = 0;
  for (std::size_t k = 0; k < counts.axis.size(); ++k) {
    const std::int64_t events = counts.Events(cause, stratum, k);
    const std::int64_t others = counts.AllEvents(stratum, k) - events;
    const std::int64_t censored = counts.Censored(stratum, k);
    if (events + others + censored == 0) continue;
    const auto n = static_cast<long double>(at_risk[k]);
    influences.Pass(n, static_cast<long double>(events), static_cast<long double>(others),
                    static_cast<long double>(censored), survival);
    incidence += survival * static_cast<long double>(events) / n;
    survival *= (n - static_cast<long double>(events + others)) / n;
    // Once all have had the event the variance is 0; of the largest, rounding leaves this much, or less than nothing.
    const long double variance = influences.Variance();
    largest = std::max(largest, variance);
    const long double known = variance > 1e-15L * largest ? variance : 0;
    curve.push_back({counts.axis.Time(k), at_risk[k], events, others, censored,
                     static_cast<double>(incidence), std::sqrt(static_cast<double>(known))});
  }
  return curve;
}

namespace {

/// Gray's score and covariance, in the notation of section 3 of his paper: group i has R_i at risk, survival S_i
/// and incidence F_i; h_i = R_i / S_i(t-) estimates how many would be at risk without the other events' effect.
class GrayScore {
 public:
  explicit GrayScore(std::size_t groups)
      : groups_(groups),
        score_(groups),
        survival_(groups, 1),
        incidence_(groups, 0),
        spread_(groups, 0),
        drift_(groups, std::vector<long double>(groups)),
        cross_(groups, std::vector<long double>(groups)),
        covariance_(groups, std::vector<long double>(groups)) {}

  /// A time: persons at risk, events of the cause and of the others by group.
  void Pass(const std::vector<double>& at_risk, const std::vector<double>& events,
            const std::vector<double>& others) {
    long double total = 0;
    long double h = 0;
    long double expected = 0;
    std::vector<long double> survival = survival_;
    std::vector<long double> incidence = incidence_;
    for (std::size_t i = 0; i < groups_; ++i) {
      total += events[i];
      if (at_risk[i] <= 0) continue;
      survival[i] = survival_[i] * (at_risk[i] - (events[i] + others[i])) / at_risk[i];
      incidence[i] = incidence_[i] + survival_[i] * events[i] / at_risk[i];
      h += at_risk[i] / survival_[i];
      expected += at_risk[i] * (1 - incidence_[i]) / survival_[i];
    }
    const long double before = pooled_;
    pooled_ += total / h;
    const std::vector<std::vector<long double>> weight = Weights(at_risk, h);
    for (std::size_t i = 0; i < groups_; ++i) {
      for (std::size_t j = 0; j < groups_; ++j)
        drift_[i][j] += weight[i][j] * total / (h * (1 - before));
      if (at_risk[i] <= 0) continue;
      score_[i] += events[i] - total * at_risk[i] * (1 - incidence_[i]) / (survival_[i] * expected);
    }
    if (total > 0) AddCauseVariance(at_risk, total, h, survival, weight);
    AddOtherVariance(at_risk, others, survival);
    survival_ = survival;
    incidence_ = incidence;
  }

  /// Score and covariance of all groups but the last.
  void Finish(std::vector<double>& score, Matrix& covariance) const {
    const std::size_t m = groups_ - 1;
    score.assign(m, 0);
    covariance.assign(m, std::vector<double>(m));
    for (std::size_t i = 0; i < m; ++i) {
      score[i] = static_cast<double>(score_[i]);
      for (std::size_t j = 0; j < m; ++j) {
        long double sum = covariance_[i][j];
        for (std::size_t k = 0; k < groups_; ++k) {
          sum += drift_[i][k] * drift_[j][k] * spread_[k] + drift_[i][k] * cross_[j][k] +
                 drift_[j][k] * cross_[i][k];
        }
        covariance[i][j] = static_cast<double>(sum);
      }
    }
  }

 private:
  std::vector<std::vector<long double>> Weights(const std::vector<double>& at_risk,
                                                long double h) const {
    std::vector<std::vector<long double>> weight(groups_, std::vector<long double>(groups_));
    for (std::size_t i = 0; i < groups_; ++i) {
      if (at_risk[i] <= 0) continue;
      const long double h_i = at_risk[i] / survival_[i];
      for (std::size_t j = 0; j < groups_; ++j) {
        if (at_risk[j] <= 0) continue;
        weight[i][j] = h_i * ((i == j ? 1 : 0) - at_risk[j] / survival_[j] / h);
      }
    }
    return weight;
  }

  void AddCauseVariance(const std::vector<double>& at_risk, long double total, long double h,
                        const std::vector<long double>& survival,
                        const std::vector<std::vector<long double>>& weight) {
    for (std::size_t k = 0; k < groups_; ++k) {
      if (at_risk[k] <= 0) continue;
      const long double ratio = survival[k] > 0 ? 1 - (1 - pooled_) / survival[k] : 1;
      const long double ties = total > 1 ? 1 - (total - 1) / (h * survival_[k] - 1) : 1;
      const long double variance = ties * survival_[k] * total / (h * at_risk[k]);
      Add(k, ratio, variance, [&](std::size_t i) { return weight[i][k] - ratio * drift_[i][k]; });
    }
  }

  void AddOtherVariance(const std::vector<double>& at_risk, const std::vector<double>& others,
                        const std::vector<long double>& survival) {
    for (std::size_t k = 0; k < groups_; ++k) {
      if (survival[k] <= 0 || others[k] <= 0) continue;
      const long double ratio = -(1 - pooled_) / survival[k];
      const long double ties =
          others[k] > 1 ? 1 - (others[k] - 1) / static_cast<long double>(at_risk[k] - 1) : 1;
      const long double variance = ties * survival_[k] * survival_[k] * others[k] /
                                   (static_cast<long double>(at_risk[k]) * at_risk[k]);
      Add(k, ratio, variance, [&](std::size_t i) { return -ratio * drift_[i][k]; });
    }
  }

  /// Adds a martingale increment of group k, whose part in the score of group i is part(i) + ratio * drift at the end.
  template <typename Part>
  void Add(std::size_t k, long double ratio, long double variance, Part part) {
    spread_[k] += ratio * ratio * variance;
    for (std::size_t i = 0; i < groups_; ++i) {
      cross_[i][k] += part(i) * ratio * variance;
      for (std::size_t j = 0; j < groups_; ++j) covariance_[i][j] += part(i) * part(j) * variance;
    }
  }

  std::size_t groups_;
  std::vector<long double> score_;
  std::vector<long double> survival_;   ///< just before the time
  std::vector<long double> incidence_;  ///< just before the time
  long double pooled_ = 0;              ///< incidence of all groups together
  std::vector<long double> spread_;
  std::vector<std::vector<long double>> drift_;
  std::vector<std::vector<long double>> cross_;
  std::vector<std::vector<long double>> covariance_;
};

}  // namespace

namespace {

/// Adds a stratum's score and covariance of all groups but the last.
void AddGrayScore(const CauseCounts& counts, std::size_t first, std::size_t cause,
                  const std::vector<std::size_t>& groups, std::vector<double>& score,
                  Matrix& covariance) {
  std::vector<std::vector<std::int64_t>> at_risk;
  for (const std::size_t group : groups) at_risk.push_back(counts.AtRisk(first + group));
  GrayScore test(groups.size());
  std::vector<double> risk(groups.size());
  std::vector<double> events(groups.size());
  std::vector<double> others(groups.size());
  for (std::size_t k = 0; k < counts.axis.size(); ++k) {
    double any = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const std::size_t stratum = first + groups[g];
      risk[g] = static_cast<double>(at_risk[g][k]);
      events[g] = static_cast<double>(counts.Events(cause, stratum, k));
      others[g] = static_cast<double>(counts.AllEvents(stratum, k)) - events[g];
      any += events[g] + others[g];
    }
    if (any > 0) test.Pass(risk, events, others);
  }
  std::vector<double> here;
  Matrix covariance_here;
  test.Finish(here, covariance_here);
  for (std::size_t i = 0; i < score.size(); ++i) {
    score[i] += here[i];
    for (std::size_t j = 0; j < score.size(); ++j) covariance[i][j] += covariance_here[i][j];
  }
}

}  // namespace

std::optional<GrayTest> TestOfGray(const CauseCounts& counts, std::size_t groups,
                                   std::size_t cause) {
  const CauseCounts by_group = counts.ByGroup(groups);
  std::vector<std::size_t> present;
  for (std::size_t group = 0; group < groups; ++group) {
    const std::vector<std::int64_t> here = by_group.AtRisk(group);
    if (!here.empty() && here[0] != 0) present.push_back(group);
  }
  if (present.size() < 2) return std::nullopt;
  std::vector<double> score(present.size() - 1);
  Matrix covariance(score.size(), std::vector<double>(score.size()));
  for (std::size_t first = 0; first < counts.strata; first += groups)
    AddGrayScore(counts, first, cause, present, score, covariance);
  const SymmetricFactor factor(covariance, 1e-7);
  if (factor.rank() < score.size()) return std::nullopt;
  const std::vector<double> solved = factor.Solve(score);
  GrayTest result;
  for (std::size_t i = 0; i < score.size(); ++i) result.statistic += score[i] * solved[i];
  result.degrees_of_freedom = score.size();
  return result;
}

}  // namespace clinnova::stats
