// SPDX-License-Identifier: Apache-2.0
// Where an elastic net gets its likelihood from: sums over rows (elastic_net_sums.h) or over risk sets
// (elastic_net_cox.h). Problem 0 is all rows; problem f all but fold f.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "stats/elastic_net_solver.h"

namespace clinnova::stats {

/// In what units a coefficient is penalised: of its column's standard deviation, or its own.
enum class PenaltyUnits { kStandardised, kOriginal };

class NetSource {
 public:
  virtual ~NetSource() = default;

  virtual const std::vector<NetProblem>& problems() const = 0;
  /// Rows of each fold; empty without cross-validation.
  virtual std::vector<std::int64_t> fold_rows() const = 0;
  /// How much each fold's mean loss counts.
  virtual std::vector<double> fold_weights() const {
    const std::vector<std::int64_t> rows = fold_rows();
    return {rows.begin(), rows.end()};
  }
  /// Where a problem's null model starts, and the size of its gradients there.
  virtual std::vector<double> NullStart(std::size_t problem) const = 0;
  virtual double NullScale(std::size_t problem) const = 0;
  /// Added to the intercept on the standardised scale for the response's own.
  virtual double response_center() const = 0;
  /// True when a round carries many points, so that all lambdas had better advance together.
  virtual bool many_at_once() const = 0;

  virtual Result<std::vector<NetEvaluation>> Evaluate(const std::vector<NetPoint>& points) = 0;
  /// Mean loss of each fold's rows at coefficients of its own: [fold][k] of betas[fold][k].
  virtual Result<std::vector<std::vector<double>>> FoldLoss(
      const std::vector<std::vector<std::vector<double>>>& betas) = 0;
  virtual std::vector<std::string> warnings() const { return {}; }
};

}  // namespace clinnova::stats
