// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_learning.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/deterministic_math.h"
#include "learn/choice_propensity.h"
#include "learn/joint_arms.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using stats::Matrix;
using stats::NetEvaluation;
using stats::NetPoint;
using stats::NetSolution;

/// Lambdas of a path, from the largest that does something down to this part of it.
constexpr std::size_t kLambdas = 12;
constexpr double kSmallestPart = 0.005;
/// Numbers of one round at most: 4 MB from each site.
constexpr std::size_t kNumbersPerRound = std::size_t{1} << 18;

class Learning {
 public:
  Learning(Federation& federation, const Analysis& analysis, const ChoiceOptions& options,
           const stats::ModelFrame& frame, ChoiceFolding folding)
      : federation_(federation),
        analysis_(analysis),
        options_(options),
        frame_(frame),
        p_(frame.columns()),
        arms_(frame.design().strata().front().levels.size()),
        joint_(arms_, p_) {
    learned_.split.claim = frame.claim();
    learned_.split.by_site = folding == ChoiceFolding::kBySite;
    learned_.split.folds = learned_.split.by_site
                               ? static_cast<std::int64_t>(federation.sites().size())
                               : options.folds;
    learned_.arms = frame.design().strata().front().levels;
  }

  Result<LearnedChoice> Run() {
    CLINNOVA_TRY(Count());
    CLINNOVA_TRY(ReadMoments());
    MakeProblems();
    learned_.models.binary = learned_.binary;
    learned_.models.higher_is_better = options_.higher_is_better;
    learned_.models.trim = options_.trim;
    if (options_.boosting) {
      CLINNOVA_TRY(GrowForests());
    } else {
      CLINNOVA_TRY(FitOutcomes());
      CLINNOVA_TRY(ChooseLambdas());
      CLINNOVA_TRY(ReadInformation());
    }
    learned_.precisions = Precisions();
    CLINNOVA_ASSIGN(
        learned_.models.propensity,
        FitPropensities(federation_, analysis_, frame_, learned_.split, learned_.precisions));
    return std::move(learned_);
  }

 private:
  std::size_t folds() const { return static_cast<std::size_t>(learned_.split.folds); }
  std::size_t triangle() const { return p_ * (p_ + 1) / 2; }
  int size_exponent() const { return frame_.standardised_exponent(); }

  /// Prior precisions of a propensity's coefficients: of one standard deviation of each column.
  std::vector<double> Precisions() const {
    std::vector<double> precisions = {0};
    for (std::size_t j = 1; j < p_; ++j) {
      precisions.push_back(options_.ridge * std::max(1e-12, learned_.covariance[j][j]));
    }
    return precisions;
  }

  // --- What there is ---

  Result<void> Count() {
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kChoiceCountStep,
                                                           ChoiceCountParameters{learned_.split}));
    if (sums.Count(kChoiceNoFold) != 0) {
      return analysis_.Wrong("fold_column", "found " + std::to_string(sums.Count(kChoiceNoFold)) +
                                                " rows without a whole number from 1 to folds = " +
                                                std::to_string(folds()));
    }
    learned_.split.cells = sums.Counts(kChoiceCells);
    CLINNOVA_TRY(LookAtOutcome(sums));
    for (std::size_t a = 0; a < arms_; ++a) {
      std::int64_t persons = 0;
      for (std::size_t f = 0; f < folds(); ++f) {
        const std::int64_t cell = learned_.split.Cell(arms_, f, a);
        persons += cell;
        if (cell > 0) continue;
        return Fail(ErrorCode::kFailed, Where() + "fold " + std::to_string(f + 1) +
                                            " has nobody with " + learned_.arms[a] +
                                            "; expected larger arms or fewer folds");
      }
      learned_.arm_counts.push_back(persons);
    }
    const auto allowed = CheckCells(learned_.split, arms_, federation_.minimum_count());
    if (!allowed) return FailAt("analysis \"" + analysis_.name() + "\"", allowed);
    return {};
  }

  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  Result<void> LookAtOutcome(const PooledSums& sums) {
    std::int64_t kinds[kChoiceOutcomes] = {};
    for (std::size_t i = 0; i < learned_.split.cells.size(); ++i) {
      kinds[i % kChoiceOutcomes] += learned_.split.cells[i];
    }
    learned_.binary = options_.outcome_family.empty() ? kinds[kOutcomeOther] == 0
                                                      : options_.outcome_family == "binomial";
    if (learned_.binary && kinds[kOutcomeOther] > 0) {
      return analysis_.Wrong("outcome_family",
                             "found \"binomial\", but the outcome is neither 0 nor 1 in " +
                                 std::to_string(kinds[kOutcomeOther]) + " rows");
    }
    if (learned_.binary && (kinds[kOutcomeZero] == 0 || kinds[kOutcomeOne] == 0)) {
      return Fail(ErrorCode::kFailed, Where() + "the outcome has one value only");
    }
    if (!learned_.binary) {
      learned_.center = sums.Number(kChoiceOutcomeSum) / static_cast<double>(frame_.n());
    }
    return {};
  }

  Result<void> ReadMoments() {
    ChoiceMomentParameters parameters{.split = learned_.split,
                                      .center = learned_.center,
                                      .gaussian = !learned_.binary,
                                      .size_exponent = size_exponent()};
    parameters.response_exponent = frame_.response_exponents().front() + 1;
    CLINNOVA_ASSIGN(moments_, federation_.Sum(analysis_, kChoiceMomentStep, parameters));
    const auto n = static_cast<double>(frame_.n());
    std::vector<double> means(p_);
    double squares = 0;
    for (std::size_t a = 0; a < arms_; ++a) {
      const auto persons = static_cast<double>(learned_.arm_counts[a]);
      std::vector<double>& mean = learned_.arm_means.emplace_back(p_);
      std::vector<double>& variance = learned_.arm_variances.emplace_back(p_);
      for (std::size_t j = 0; j < p_; ++j) {
        const double sum = OverFolds(kMomentColumns, a, p_, j);
        mean[j] = sum / persons;
        means[j] += sum / n;
        variance[j] = (OverFolds(kMomentSquares, a, p_, j) / persons - mean[j] * mean[j]) *
                      persons / std::max(1.0, persons - 1);
      }
      squares += OverFolds(kMomentOutcome, a, 1, 0);
    }
    learned_.outcome_variance = learned_.binary ? 1 : squares / n;
    learned_.covariance.assign(p_, std::vector<double>(p_));
    for (std::size_t i = 0; i < p_; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double product = 0;
        const std::size_t at = i * (i + 1) / 2 + j;
        if (learned_.binary) {
          product = moments_->Number(kMomentGram, at);
        } else {
          for (std::size_t a = 0; a < arms_; ++a)
            product += OverFolds(kMomentGram, a, triangle(), at);
        }
        learned_.covariance[i][j] = learned_.covariance[j][i] =
            (product / n - means[i] * means[j]) * n / (n - 1);
      }
    }
    return {};
  }

  double OverFolds(std::size_t block, std::size_t arm, std::size_t size, std::size_t index) const {
    long double sum = 0;
    for (std::size_t f = 0; f < folds(); ++f) {
      sum += moments_->Number(block, (f * arms_ + arm) * size + index);
    }
    return static_cast<double>(sum);
  }

  // --- Training sets ---

  /// Problem 0 is all rows; then all but one fold; then all but two: as SetWithout numbers them.
  void MakeProblems() {
    std::vector<double> deviations;
    for (std::size_t j = 0; j < p_; ++j) {
      deviations.push_back(std::sqrt(std::max(0.0, learned_.covariance[j][j])));
      if (deviations.back() < 1e-12)
        deviations.back() = 1;  // does not vary: the penalty keeps it at 0
    }
    left_out_.push_back({});
    for (std::int64_t f = 1; f <= learned_.split.folds; ++f) left_out_.push_back({.first = f});
    for (std::int64_t f = 1; f <= learned_.split.folds; ++f) {
      for (std::int64_t g = f + 1; g <= learned_.split.folds; ++g) {
        left_out_.push_back({.first = f, .second = g});
      }
    }
    for (const ChoiceFolds& out : left_out_) {
      stats::NetProblem problem{.rows = 0,
                                .unit = joint_.Units(deviations),
                                .held = std::vector<bool>(joint_.size(), false),
                                .response_scale = std::sqrt(learned_.outcome_variance)};
      for (std::size_t a = 0; a < arms_; ++a) problem.rows += Training(out, a);
      problems_.push_back(std::move(problem));
    }
  }

  /// Persons of an arm in a training set.
  double Training(const ChoiceFolds& out, std::size_t arm) const {
    std::int64_t persons = 0;
    for (std::size_t f = 0; f < folds(); ++f) {
      if (out.Has(static_cast<std::int32_t>(f + 1))) persons += learned_.split.Cell(arms_, f, arm);
    }
    return static_cast<double>(persons);
  }

  /// A sum of moments over a training set.
  double TrainingSum(const ChoiceFolds& out, std::size_t block, std::size_t arm, std::size_t size,
                     std::size_t index) const {
    long double sum = 0;
    for (std::size_t f = 0; f < folds(); ++f) {
      if (!out.Has(static_cast<std::int32_t>(f + 1))) continue;
      sum += moments_->Number(block, (f * arms_ + arm) * size + index);
    }
    return static_cast<double>(sum);
  }

  // --- Outcome models ---

  double Mean(const ChoiceFolds& out, std::size_t arm) const {
    return TrainingSum(out, kMomentProducts, arm, p_, 0) / Training(out, arm);
  }
  double OnLink(double mean) const {
    const double inside = std::clamp(mean, 1e-6, 1 - 1e-6);
    return learned_.binary ? core::Log(inside) - core::Log1p(-inside) : mean;
  }

  /// Where a problem's path starts, the arms' means alone, and the gradient there; known from the moments.
  std::vector<double> NullPoint(const ChoiceFolds& out,
                                std::vector<std::vector<double>>& scores) const {
    std::vector<double> start(joint_.size());
    for (std::size_t a = 0; a < arms_; ++a) {
      const double mean = Mean(out, a);
      start[joint_.Intercept(a)] = OnLink(mean);
      std::vector<double>& score = scores.emplace_back();
      for (std::size_t j = 0; j < p_; ++j) {
        score.push_back(TrainingSum(out, kMomentProducts, a, p_, j) -
                        mean * TrainingSum(out, kMomentColumns, a, p_, j));
      }
    }
    return start;
  }

  /// Trees instead of elastic nets; their predictors begin at the arms' means.
  Result<void> GrowForests() {
    ForestTask task{.split = learned_.split,
                    .left_out = left_out_,
                    .arms = learned_.arms,
                    .binary = learned_.binary};
    for (const ChoiceFolds& out : left_out_) {
      std::vector<double>& base = task.arm_base.emplace_back();
      for (std::size_t a = 0; a < arms_; ++a) {
        base.push_back(OnLink(Mean(out, a)) + learned_.center);
      }
    }
    CLINNOVA_ASSIGN(learned_.forests, LearnForests(federation_, analysis_, options_, frame_, task));
    WidenErrors(learned_.forests->std_error);
    learned_.models.features = learned_.forests->features;
    learned_.models.trees = learned_.forests->by_fold;
    learned_.pair_rules.trees = learned_.forests->by_pair;
    if (!learned_.forests->chosen) {
      learned_.warnings.emplace_back(
          "the number of trees was not chosen: without two folds no split is allowed, so that all "
          "trees are taken");
    }
    return {};
  }

  /// The jackknife sees how trees vary, not what they leave out. Added is the variance that a linear predictor of as many
  /// columns has without shrinkage, on average over the arm's patients: columns / information per column.
  void WidenErrors(std::vector<double>& errors) const {
    for (std::size_t a = 0; a < arms_; ++a) {
      const auto persons = static_cast<double>(learned_.arm_counts[a]);
      double information = 1 / learned_.outcome_variance;
      if (learned_.binary) {
        const double mean = OverFolds(kMomentProducts, a, p_, 0) / persons;
        information = mean * (1 - mean);
      }
      errors[a] = std::sqrt(errors[a] * errors[a] +
                            static_cast<double>(p_) / (persons * std::max(information, 1e-6)));
    }
  }

  Result<void> FitOutcomes() {
    stats::NetSolver solver(problems_, options_.alpha, [this](const std::vector<NetPoint>& points) {
      return Evaluate(points);
    });
    std::vector<stats::NetTarget> targets;
    for (std::size_t f = 0; f < problems_.size(); ++f) {
      std::vector<std::vector<double>> scores;
      const std::vector<double> start = NullPoint(left_out_[f], scores);
      const std::vector<Matrix> none(arms_, Matrix(p_, std::vector<double>(p_)));
      const double largest = stats::LargestLambda(problems_[f], options_.alpha,
                                                  joint_.Evaluation(0, scores, none).score);
      if (!(largest > 0)) {
        return Fail(ErrorCode::kFailed, Where() + "no covariate varies with the outcome");
      }
      solver.SetScale(f, largest * std::max(options_.alpha, 1e-3));
      largest_.push_back(largest);
      for (std::size_t k = 0; k < kLambdas; ++k) {
        targets.push_back({.problem = f, .lambda = largest * Part(k), .start = start});
      }
    }
    CLINNOVA_ASSIGN(fits_, solver.Solve(targets, nullptr));
    for (std::size_t k = 0; k < kLambdas; ++k) {
      bool all = true;
      for (std::size_t f = 0; f < problems_.size(); ++f) all = all && Fit(f, k).converged;
      reached_.push_back(all);
    }
    if (!reached_.front()) {
      return Fail(ErrorCode::kFailed, Where() + "the outcome models did not converge");
    }
    if (std::ranges::find(reached_, false) != reached_.end()) {
      learned_.warnings.emplace_back("not converged at the smaller lambdas, which are left out");
    }
    return {};
  }

  static double Part(std::size_t k) {
    return core::Exp(core::Log(kSmallestPart) * static_cast<double>(k) / (kLambdas - 1));
  }
  const NetSolution& Fit(std::size_t problem, std::size_t k) const {
    return fits_[problem * kLambdas + k];
  }

  Result<std::vector<NetEvaluation>> Evaluate(const std::vector<NetPoint>& points) {
    std::vector<NetEvaluation> evaluations;
    if (!learned_.binary) {
      for (const NetPoint& point : points) evaluations.push_back(FromMoments(point));
      return evaluations;
    }
    const std::size_t most =
        std::max<std::size_t>(1, kNumbersPerRound / (arms_ * (p_ + triangle())));
    for (std::size_t first = 0; first < points.size(); first += most) {
      const std::size_t last = std::min(points.size(), first + most);
      ChoicePointParameters parameters{.split = learned_.split, .size_exponent = size_exponent()};
      for (std::size_t k = first; k < last; ++k) {
        parameters.betas.push_back(joint_.ByArm(points[k].beta));
        parameters.folds.push_back(left_out_[points[k].problem]);
      }
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kChoicePointStep, parameters));
      for (std::size_t k = 0; k < last - first; ++k) evaluations.push_back(FromSums(sums, k));
    }
    return evaluations;
  }

  NetEvaluation FromSums(const PooledSums& sums, std::size_t point) const {
    double deviance = 0;
    std::vector<std::vector<double>> scores;
    std::vector<Matrix> information;
    for (std::size_t a = 0; a < arms_; ++a) {
      const std::size_t part = point * arms_ + a;
      deviance += sums.Number(kPointDeviance, part);
      std::vector<double>& score = scores.emplace_back();
      for (std::size_t j = 0; j < p_; ++j) score.push_back(sums.Number(kPointScore, part * p_ + j));
      information.push_back(PackedAt(sums, kPointInformation, part));
    }
    return joint_.Evaluation(deviance, scores, information);
  }

  Matrix PackedAt(const PooledSums& sums, std::size_t block, std::size_t index) const {
    std::vector<double> packed;
    for (std::size_t i = 0; i < triangle(); ++i) {
      packed.push_back(sums.Number(block, index * triangle() + i));
    }
    return stats::FromLowerTriangle(packed, p_);
  }

  /// Continuous outcomes: least squares from the cross products.
  NetEvaluation FromMoments(const NetPoint& point) {
    double rss = 0;
    std::vector<std::vector<double>> scores;
    std::vector<Matrix> information;
    const std::vector<double> by_arm = joint_.ByArm(point.beta);
    for (std::size_t a = 0; a < arms_; ++a) {
      const Matrix& gram = TrainingGram(point.problem, a);
      std::vector<double>& score = scores.emplace_back();
      long double sum = TrainingSum(left_out_[point.problem], kMomentOutcome, a, 1, 0);
      for (std::size_t i = 0; i < p_; ++i) {
        const double product = TrainingSum(left_out_[point.problem], kMomentProducts, a, p_, i);
        long double fitted = 0;
        for (std::size_t j = 0; j < p_; ++j) {
          fitted += static_cast<long double>(gram[i][j]) * by_arm[a * p_ + j];
        }
        score.push_back(static_cast<double>(product - fitted));
        sum += by_arm[a * p_ + i] * (fitted - 2.0L * product);
      }
      rss += static_cast<double>(sum);
      information.push_back(gram);
    }
    return joint_.Evaluation(rss, scores, information);
  }

  const Matrix& TrainingGram(std::size_t problem, std::size_t arm) {
    const auto [entry, made] = grams_.try_emplace({problem, arm});
    if (made) {
      std::vector<double> packed;
      for (std::size_t i = 0; i < triangle(); ++i) {
        packed.push_back(TrainingSum(left_out_[problem], kMomentGram, arm, triangle(), i));
      }
      entry->second = stats::FromLowerTriangle(packed, p_);
    }
    return entry->second;
  }

  // --- Which lambda ---

  Result<void> ChooseLambdas() {
    CLINNOVA_ASSIGN(const std::vector<double> losses, Losses());
    std::vector<double> everybody(kLambdas);
    for (std::size_t k = 0; k < kLambdas; ++k) {
      for (std::size_t f = 0; f < folds(); ++f) everybody[k] += losses[f * kLambdas + k];
    }
    learned_.lambda = Chosen(0, Least(everybody));
    learned_.all_rows = joint_.ByArm(Fit(0, Least(everybody)).beta);
    for (std::size_t f = 0; f < folds(); ++f) {
      std::vector<double> others(kLambdas);
      for (std::size_t k = 0; k < kLambdas; ++k) {
        for (std::size_t g = 0; g < folds(); ++g) {
          if (g != f) others[k] += losses[PairLoss(f, g, k)];
        }
      }
      const std::size_t best = Least(others);
      learned_.by_fold.push_back(Chosen(f + 1, best));
      learned_.models.outcome.push_back(joint_.ByArm(Fit(f + 1, best).beta));
      for (std::size_t g = 0; g < folds(); ++g) {
        std::vector<double>& rule = learned_.pair_rules.outcome.emplace_back();
        if (g != f) rule = joint_.ByArm(Fit(SetWithout(folds(), f, g), best).beta);
      }
    }
    return {};
  }

  ChosenLambda Chosen(std::size_t problem, std::size_t k) const {
    return {.lambda = largest_[problem] * Part(k), .part = Part(k)};
  }
  /// The lambda with the least loss among those that every model has reached.
  std::size_t Least(const std::vector<double>& losses) const {
    std::size_t least = 0;
    for (std::size_t k = 1; k < kLambdas; ++k) {
      if (reached_[k] && losses[k] < losses[least]) least = k;
    }
    return least;
  }

  /// Where the loss on fold g of the model without f and g is.
  std::size_t PairLoss(std::size_t f, std::size_t g, std::size_t k) const {
    return (folds() + f * folds() + g) * kLambdas + k;
  }

  /// Deviances on folds left out: [fold][lambda] of the models without it, then [fold][other][lambda] of those without
  /// both, on the other.
  Result<std::vector<double>> Losses() {
    std::vector<NetPoint> points;
    std::vector<std::int64_t> on;
    for (std::size_t f = 0; f < folds(); ++f) AddLossPoints(f + 1, f + 1, points, on);
    for (std::size_t f = 0; f < folds(); ++f) {
      for (std::size_t g = 0; g < folds(); ++g) {
        AddLossPoints(SetWithout(folds(), f, g), g + 1, points, on);
      }
    }
    std::vector<double> losses;
    if (!learned_.binary) {
      for (std::size_t k = 0; k < points.size(); ++k) losses.push_back(FoldLoss(points[k], on[k]));
      return losses;
    }
    ChoicePointParameters parameters{.split = learned_.split, .derivatives = false};
    for (std::size_t k = 0; k < points.size(); ++k) {
      parameters.betas.push_back(joint_.ByArm(points[k].beta));
      parameters.folds.push_back({.only = true, .first = on[k]});
    }
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kChoicePointStep, parameters));
    for (std::size_t k = 0; k < points.size(); ++k) {
      double loss = 0;
      for (std::size_t a = 0; a < arms_; ++a) loss += sums.Number(kPointDeviance, k * arms_ + a);
      losses.push_back(loss);
    }
    return losses;
  }

  void AddLossPoints(std::size_t problem, std::size_t fold, std::vector<NetPoint>& points,
                     std::vector<std::int64_t>& on) const {
    for (std::size_t k = 0; k < kLambdas; ++k) {
      points.push_back({problem, Fit(problem, k).beta});
      if (points.back().beta.empty()) points.back().beta.assign(joint_.size(), 0.0);
      on.push_back(static_cast<std::int64_t>(fold));
    }
  }

  double FoldLoss(const NetPoint& point, std::int64_t fold) const {
    const ChoiceFolds only{.only = true, .first = fold};
    const std::vector<double> by_arm = joint_.ByArm(point.beta);
    long double rss = 0;
    for (std::size_t a = 0; a < arms_; ++a) {
      rss += TrainingSum(only, kMomentOutcome, a, 1, 0);
      for (std::size_t i = 0; i < p_; ++i) {
        const long double b = by_arm[a * p_ + i];
        rss -= 2 * b * TrainingSum(only, kMomentProducts, a, p_, i);
        for (std::size_t j = 0; j < p_; ++j) {
          const std::size_t at = i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
          rss += b * by_arm[a * p_ + j] * TrainingSum(only, kMomentGram, a, triangle(), at);
        }
      }
    }
    return static_cast<double>(rss);
  }

  /// The information of the model of all rows, arm by arm.
  Result<void> ReadInformation() {
    if (learned_.binary) {
      ChoicePointParameters parameters{.split = learned_.split,
                                       .betas = {learned_.all_rows},
                                       .folds = {ChoiceFolds{}},
                                       .size_exponent = size_exponent()};
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kChoicePointStep, parameters));
      for (std::size_t a = 0; a < arms_; ++a) {
        learned_.information.push_back(PackedAt(sums, kPointInformation, a));
      }
      return {};
    }
    for (std::size_t a = 0; a < arms_; ++a) {
      Matrix gram = TrainingGram(0, a);
      long double rss = OverFolds(kMomentOutcome, a, 1, 0);
      for (std::size_t i = 0; i < p_; ++i) {
        const long double b = learned_.all_rows[a * p_ + i];
        rss -= 2 * b * OverFolds(kMomentProducts, a, p_, i);
        for (std::size_t j = 0; j < p_; ++j) rss += b * learned_.all_rows[a * p_ + j] * gram[i][j];
      }
      const auto freedom = static_cast<double>(learned_.arm_counts[a]) - static_cast<double>(p_);
      const double variance = static_cast<double>(rss) / std::max(1.0, freedom);
      for (auto& row : gram) {
        for (double& value : row) value /= variance;
      }
      learned_.information.push_back(std::move(gram));
    }
    return {};
  }

  Federation& federation_;          // not owned, outlives this
  const Analysis& analysis_;        // not owned, outlives this
  const ChoiceOptions& options_;    // not owned, outlives this
  const stats::ModelFrame& frame_;  // not owned, outlives this
  std::size_t p_;
  std::size_t arms_;
  JointArms joint_;
  LearnedChoice learned_;
  std::optional<PooledSums> moments_;
  std::vector<ChoiceFolds> left_out_;  ///< by problem
  std::vector<stats::NetProblem> problems_;
  std::vector<double> largest_;  ///< by problem
  std::vector<NetSolution> fits_;
  std::vector<bool> reached_;  ///< by lambda: by all problems
  std::map<std::pair<std::size_t, std::size_t>, Matrix> grams_;
};

}  // namespace

Result<LearnedChoice> LearnChoice(Federation& federation, const Analysis& analysis,
                                  const ChoiceOptions& options, const stats::ModelFrame& frame,
                                  ChoiceFolding folding) {
  return Learning(federation, analysis, options, frame, folding).Run();
}

}  // namespace clinnova::learn
