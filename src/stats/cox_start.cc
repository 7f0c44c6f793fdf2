// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_start.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "stats/cox_rows.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;

enum StartBlock { kAtRisk0, kAtRisk1, kAtRisk2, kDied };  ///< kDied: 1, then x

constexpr double kLargestOffset = 30;  ///< no more than a start needs
constexpr double kAliasTolerance = 1e-12;

Result<Layout> StartLayout(const Analysis&, const table::Schema&,
                           const CoxStartParameters& parameters) {
  const std::size_t p = parameters.cox.beta.size();
  const int size = static_cast<int>(parameters.cox.size_exponent);
  const int range = static_cast<int>(kRiskRange);
  return Layout{{ScaledBlock("at_risk0", 1, range), ScaledBlock("at_risk1", p, range + size),
                 ScaledBlock("at_risk2", p * (p + 1) / 2, range + 2 * size),
                 WideBlock("died", 1 + p)}};
}

Result<void> StartEvaluate(const SiteView& site, const CoxStartParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.cox.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, parameters.cox));
  if (!IsRangeExponent(parameters.weights_exponent))
    return Fail(ErrorCode::kRefused, "ranges that no table has", "wrong_layout");
  const int exponent = static_cast<int>(-parameters.weights_exponent);
  ForEachRow(site, *frame, parameters.cox.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const double weight = std::ldexp(batch.weights[r], exponent);
               if (weight == 0) return;
               const double offset = std::clamp(batch.offset[r], -kLargestOffset, kLargestOffset);
               sums.AddMoments({kAtRisk0, kAtRisk1, kAtRisk2}, 0, x, weight * core::Exp(offset));
               if (batch.response.back()[r] == 0) return;
               sums.Add(kDied, 0, weight);
               for (std::size_t j = 0; j < x.size(); ++j) sums.Add(kDied, 1 + j, weight * x[j]);
             });
  return {};
}

}  // namespace

const federation::TypedStep<CoxStartParameters> kCoxStartStep{"cox.start", StartLayout,
                                                              StartEvaluate, CoxGuard{}};

std::vector<double> FirstStep(const PooledSums& sums, std::size_t coefficients) {
  const double at_risk = sums.Number(kAtRisk0);
  const double died = sums.Number(kDied);
  if (!(at_risk > 0) || !(died > 0)) return std::vector<double>(coefficients);
  std::vector<double> mean = sums.Numbers(kAtRisk1);
  std::vector<double> score(coefficients);
  for (std::size_t j = 0; j < coefficients; ++j) {
    mean[j] /= at_risk;
    score[j] = sums.Number(kDied, 1 + j) - died * mean[j];
  }
  Matrix information = FromLowerTriangle(sums.Numbers(kAtRisk2), coefficients);
  for (std::size_t i = 0; i < coefficients; ++i) {
    for (std::size_t j = 0; j < coefficients; ++j)
      information[i][j] = died * (information[i][j] / at_risk - mean[i] * mean[j]);
  }
  std::vector<double> step = SymmetricFactor(information, kAliasTolerance).Solve(score);
  for (double& b : step) b = std::isfinite(b) ? std::clamp(b, -1.0, 1.0) : 0;
  return step;
}

}  // namespace clinnova::stats
