// SPDX-License-Identifier: Apache-2.0
// The coordinator's side of an elastic net's rounds: what the sites' sums say about the training sets of a
// cross-validation (problem 0: all rows; problem f: all but fold f), and the likelihood of each at any point.
//
//   CLINNOVA_ASSIGN(auto source, NetSums::Begin(federation, analysis, frame, units, folds));
//   NetSolver solver(source->problems(), alpha, [&](const auto& points) { return source->Evaluate(points); });
//
// Rounds: one for the response and the folds; gaussian one more for everything; else one for each 262,144 numbers of
// scores and informations. Reveals: see elastic_net_steps.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/error.h"
#include "federation/federation.h"
#include "stats/elastic_net_source.h"
#include "stats/elastic_net_steps.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

class NetSums final : public NetSource {
 public:
  /// kInvalidInput for a response that is not of the family, or folds that cannot be; kRefused when a fold or the
  /// outcome breaks a disclosure rule (`too_many_parameters`, `rare_level`). `folds` 0: none, or those of
  /// `fold_column`.
  static Result<std::unique_ptr<NetSource>> Begin(federation::Federation& federation,
                                                  const federation::Analysis& analysis,
                                                  const ModelFrame& frame, PenaltyUnits units,
                                                  std::int64_t folds);

  const std::vector<NetProblem>& problems() const override { return problems_; }
  std::vector<std::int64_t> fold_rows() const override {
    return folds() > 0 ? fold_rows_ : std::vector<std::int64_t>{};
  }
  std::vector<double> NullStart(std::size_t problem) const override;
  double NullScale(std::size_t problem) const override;
  /// 0 but for gaussian.
  double response_center() const override { return center_; }
  bool many_at_once() const override { return true; }
  Result<std::vector<NetEvaluation>> Evaluate(const std::vector<NetPoint>& points) override;
  Result<std::vector<std::vector<double>>> FoldLoss(
      const std::vector<std::vector<std::vector<double>>>& betas) override;

 private:
  NetSums(federation::Federation& federation, const federation::Analysis& analysis,
          const ModelFrame& frame, GlmFamily family)
      : federation_(federation), analysis_(analysis), frame_(frame), family_(family) {}

  /// 0 without cross-validation.
  std::size_t folds() const { return fold_rows_.size() > 1 ? fold_rows_.size() : 0; }
  std::size_t p() const { return frame_.columns(); }
  bool gaussian() const { return family_.family == Family::kGaussian; }
  Result<void> CheckResponse(const federation::PooledSums& sums) const;
  Result<void> CheckFoldOutcomes(const federation::PooledSums& sums) const;
  void MakeProblems(const federation::PooledSums& sums, PenaltyUnits units);
  Result<void> ReadGram();
  /// The sum over the folds of a problem of number `index` of every fold's `size` numbers.
  double Training(const std::vector<double>& numbers, std::size_t size, std::size_t index,
                  std::size_t problem) const;
  NetEvaluation GramEvaluation(const NetPoint& point) const;
  double GramLoss(std::size_t fold, const std::vector<double>& beta) const;
  Result<std::vector<NetEvaluation>> ScoreRound(const std::vector<NetPoint>& points);

  federation::Federation& federation_;    // not owned, outlives this
  const federation::Analysis& analysis_;  // not owned, outlives this
  const ModelFrame& frame_;               // not owned, outlives this
  GlmFamily family_;
  std::vector<NetProblem> problems_;
  std::vector<std::int64_t> fold_rows_;
  std::vector<double> response_;  ///< per fold, of the response less the offset
  bool has_offset_ = false;
  double center_ = 0;
  std::vector<double> gram_;            ///< per fold, lower triangle by rows
  std::vector<double> cross_;           ///< per fold
  std::vector<double> square_;          ///< per fold
  std::optional<int> weight_exponent_;  ///< of most weights of an information; empty: not known yet
  int score_range_ = 0;
  int information_range_ = 0;
  int deviance_range_ = 0;
};

}  // namespace clinnova::stats
