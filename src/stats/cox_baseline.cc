// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_baseline.h"

#include <cmath>

#include "core/check.h"
#include "core/deterministic_math.h"

namespace clinnova::stats {

std::vector<BaselinePoint> CoxBaseline(const CoxSolution& solution,
                                       const std::vector<double>& times) {
  const CoxParameters& parameters = solution.parameters;
  CLINNOVA_CHECK(parameters.axes.size() == 1 && solution.sums);
  const TimeAxis& axis = parameters.axes[0];
  std::vector<long double> hazard(axis.size(), 0);
  ForEachEventTime(parameters, parameters.axes, *solution.sums,
                   [&](const EventTime& at) { hazard[at.index] = at.hazard; });
  // x'beta on the standardised scale where the original covariates are zero; column 0 is the intercept's.
  // basehaz() takes an offset at its mean.
  double zero = MeanOffset(*solution.sums);
  for (std::size_t j = 0; j < parameters.beta.size(); ++j) {
    zero -= parameters.beta[j] *
            (parameters.claim.center[j + 1] * parameters.claim.inverse_scale[j + 1]);
  }
  const long double scale = core::Exp(zero);
  std::vector<BaselinePoint> points;
  long double cumulated = 0;
  std::size_t k = 0;
  for (const double time : times) {
    for (; k < axis.size() && axis.Time(k) <= time; ++k) cumulated += hazard[k];
    points.push_back({time, static_cast<double>(cumulated * scale)});
  }
  return points;
}

}  // namespace clinnova::stats
