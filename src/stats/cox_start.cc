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

enum ExposureBlock { kExposure0, kExposure1, kExposure2, kDied };  ///< kDied: 1, then x

constexpr double kLargestOffset = 30;  ///< no more than a start needs
constexpr double kAliasTolerance = 1e-12;

Result<Layout> ExposureLayout(const Analysis&, const table::Schema&,
                              const CoxExposureParameters& parameters) {
  const std::size_t p = parameters.cox.beta.size();
  const int size = static_cast<int>(parameters.cox.size_exponent);
  const int range = static_cast<int>(kRiskRange);
  return Layout{{ScaledBlock("exposure0", 1, range), ScaledBlock("exposure1", p, range + size),
                 ScaledBlock("exposure2", p * (p + 1) / 2, range + 2 * size),
                 WideBlock("died", 1 + p)}};
}

Result<void> ExposureEvaluate(const SiteView& site, const CoxExposureParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.cox.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, parameters.cox));
  if (!IsRangeExponent(parameters.weights_exponent) || std::abs(parameters.time_exponent) > 1100)
    return Fail(ErrorCode::kRefused, "ranges that no table has", "wrong_layout");
  const int weights = static_cast<int>(-parameters.weights_exponent);
  const int times = static_cast<int>(-parameters.time_exponent);
  ForEachRow(site, *frame, parameters.cox.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const double weight = std::ldexp(batch.weights[r], weights);
               const std::size_t parts = batch.response.size();
               const double entry = parts == 3 ? batch.response[0][r] : 0;
               const double time = std::ldexp(batch.response[parts - 2][r] - entry, times);
               if (weight == 0) return;
               const double offset = std::clamp(batch.offset[r], -kLargestOffset, kLargestOffset);
               if (time > 0) {
                 sums.AddMoments({kExposure0, kExposure1, kExposure2}, 0, x,
                                 weight * time * core::Exp(offset));
               }
               if (batch.response[parts - 1][r] == 0) return;
               sums.Add(kDied, 0, weight);
               for (std::size_t j = 0; j < x.size(); ++j) sums.Add(kDied, 1 + j, weight * x[j]);
             });
  return {};
}

}  // namespace

const federation::TypedStep<CoxExposureParameters> kCoxExposureStep{"cox.exposure", ExposureLayout,
                                                                    ExposureEvaluate, CoxGuard{}};

std::vector<double> FirstStep(const PooledSums& sums, std::size_t coefficients) {
  const double exposure = sums.Number(kExposure0);
  const double died = sums.Number(kDied);
  if (!(exposure > 0) || !(died > 0)) return std::vector<double>(coefficients);
  std::vector<double> mean = sums.Numbers(kExposure1);
  std::vector<double> score(coefficients);
  for (std::size_t j = 0; j < coefficients; ++j) {
    mean[j] /= exposure;
    score[j] = sums.Number(kDied, 1 + j) - died * mean[j];
  }
  Matrix information = FromLowerTriangle(sums.Numbers(kExposure2), coefficients);
  for (std::size_t i = 0; i < coefficients; ++i) {
    for (std::size_t j = 0; j < coefficients; ++j)
      information[i][j] = died * (information[i][j] / exposure - mean[i] * mean[j]);
  }
  std::vector<double> step = SymmetricFactor(information, kAliasTolerance).Solve(score);
  for (double& b : step) b = std::isfinite(b) ? std::clamp(b, -1.0, 1.0) : 0;
  return step;
}

}  // namespace clinnova::stats
