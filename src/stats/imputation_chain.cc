// SPDX-License-Identifier: Apache-2.0
#include "stats/imputation_chain.h"

#include <algorithm>
#include <cmath>

#include "core/distributions.h"
#include "stats/imputation_steps.h"
#include "stats/newton_iteration.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

Matrix CholeskyRoot(const Matrix& matrix) {
  const std::size_t size = matrix.size();
  Matrix root(size, std::vector<double>(size));
  for (std::size_t j = 0; j < size; ++j) {
    long double pivot = matrix[j][j];
    for (std::size_t k = 0; k < j; ++k) pivot -= static_cast<long double>(root[j][k]) * root[j][k];
    if (!(pivot > 0)) continue;
    const long double diagonal = std::sqrt(pivot);
    root[j][j] = static_cast<double>(diagonal);
    for (std::size_t i = j + 1; i < size; ++i) {
      long double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= static_cast<long double>(root[i][k]) * root[j][k];
      }
      root[i][j] = static_cast<double>(sum / diagonal);
    }
  }
  return root;
}

namespace {

constexpr double kAliasTolerance = 1e-13;
/// Sizes of standardised values that need no repeated round.
constexpr int kUsualValue = 5;

class Chain {
 public:
  Chain(Federation& federation, const Analysis& analysis, ImputationOptions options)
      : federation_(federation),
        analysis_(analysis),
        options_(std::move(options)),
        random_(options_.seed, "coefficients") {}

  Result<ImputationChain> Run() {
    CLINNOVA_TRY(Observe());
    CLINNOVA_TRY(Check());
    for (std::int64_t cycle = 0; cycle < options_.cycles; ++cycle) {
      for (std::size_t v = 0; v < options_.variables.size() && chain_.converged; ++v) {
        if (chain_.claim.variables[v].missing == 0) continue;
        CLINNOVA_TRY(chain_.claim.variables[v].categorical ? VisitCategorical(v) : VisitNumeric(v));
      }
    }
    return std::move(chain_);
  }

 private:
  std::size_t imputations() const { return static_cast<std::size_t>(options_.imputations); }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }
  double Normal() { return random_.Normal(counter_++); }

  Result<void> Observe() {
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kImputationObservedStep,
                                                           ImputationObservedParameters{}));
    chain_.rows = sums.Count(kAllRows, 0);
    chain_.incomplete_rows = sums.Count(kAllRows, 1);
    std::size_t first = 0;
    for (std::size_t v = 0; v < options_.variables.size(); ++v) {
      const auto column = federation_.schema().Find(options_.variables[v]);
      const table::ColumnSchema& schema = federation_.schema().columns[*column];
      const std::size_t slots = LevelSlots(schema);
      std::vector<std::int64_t> counts;
      for (std::size_t l = 0; l < slots; ++l) {
        counts.push_back(sums.Count(kObservedLevels, first + l));
      }
      first += slots;
      VariableFacts facts;
      facts.observed = sums.Count(kObservedRows, v);
      facts.missing = chain_.rows - facts.observed;
      const bool number = schema.kind == table::ColumnKind::kNumeric;
      facts.categorical = !number || (counts[2] == 0 && counts[0] > 0 && counts[1] > 0);
      if (facts.categorical && number) counts.resize(2);
      if (facts.categorical) facts.level_counts = std::move(counts);
      if (!facts.categorical) SetScale(sums, v, facts);
      chain_.claim.variables.push_back(std::move(facts));
    }
    return {};
  }

  static void SetScale(const PooledSums& sums, std::size_t v, VariableFacts& facts) {
    if (facts.observed == 0) return;
    const auto n = static_cast<double>(facts.observed);
    facts.center = sums.Number(kObservedSums, v) / n;
    const double square = sums.Number(kObservedSquares, v) / n;
    const double variance = square - facts.center * facts.center;
    // What rounding may leave of a constant is no scale.
    if (variance > 1e-14 * square) {
      facts.inverse_scale = std::ldexp(1.0, -ExponentOf(std::sqrt(variance)));
    }
  }

  Result<void> Check() {
    for (std::size_t v = 0; v < options_.variables.size(); ++v) {
      if (chain_.claim.variables[v].observed > 0) continue;
      return Fail(ErrorCode::kFailed, Where() + "column \"" + options_.variables[v] +
                                          "\" has no value, expected some to learn from");
    }
    if (const auto allowed = CheckImputation(chain_.claim, federation_.minimum_count()); !allowed) {
      return FailAt("analysis \"" + analysis_.name() + "\"", allowed);
    }
    return {};
  }

  ImputationModelParameters Parameters(std::size_t v) const {
    ImputationModelParameters parameters;
    parameters.claim = chain_.claim;
    parameters.variable = v;
    parameters.score_exponent = score_range_;
    parameters.information_exponent = information_range_;
    return parameters;
  }

  Result<PooledSums> Round(const ImputationModelParameters& parameters) {
    CLINNOVA_ASSIGN(PooledSums sums, federation_.Sum(analysis_, kImputationModelStep, parameters));
    score_range_ = sums.layout().blocks[kModelScore].exponent;
    information_range_ = sums.layout().blocks[kModelInformation].exponent;
    return sums;
  }

  /// The `index`-th symmetric matrix of the information.
  static Matrix Block(const PooledSums& sums, std::size_t index, std::size_t p) {
    const std::size_t size = p * (p + 1) / 2;
    std::vector<double> packed(size);
    for (std::size_t i = 0; i < size; ++i) {
      packed[i] = sums.Number(kModelInformation, index * size + i);
    }
    return FromLowerTriangle(packed, p);
  }

  static std::vector<double> Part(const PooledSums& sums, std::size_t first, std::size_t size) {
    std::vector<double> part(size);
    for (std::size_t i = 0; i < size; ++i) part[i] = sums.Number(kModelScore, first + i);
    return part;
  }

  /// point + scale * L z, appended to the draw.
  void DrawCoefficients(const std::vector<double>& point, const Matrix& covariance, double scale,
                        ImputationDraw& draw) {
    const Matrix root = CholeskyRoot(covariance);
    std::vector<double> z(point.size());
    for (double& value : z) value = Normal();
    for (std::size_t i = 0; i < point.size(); ++i) {
      double sum = 0;
      for (std::size_t j = 0; j <= i; ++j) sum += root[i][j] * z[j];
      draw.coefficients.push_back(point[i] + scale * sum);
    }
  }

  Result<void> VisitNumeric(std::size_t v) {
    const std::size_t p = chain_.claim.columns(v);
    CLINNOVA_ASSIGN(const PooledSums sums, Round(Parameters(v)));
    ImputationDraw draw;
    draw.variable = v;
    for (std::size_t m = 0; m < imputations(); ++m) {
      const SymmetricFactor factor(Block(sums, m, p), kAliasTolerance);
      const std::vector<double> score = Part(sums, m * p, p);
      const std::vector<double> point = factor.Solve(score);
      double rest = sums.Number(kModelValue, m);
      for (std::size_t j = 0; j < p; ++j) rest -= point[j] * score[j];
      const auto df = static_cast<double>(chain_.claim.variables[v].observed) -
                      static_cast<double>(factor.rank());
      if (!(df > 0)) return Stop(v, "has too few values for its imputation model");
      const double chi_square = core::ChiSquaredQuantile(random_.Uniform(counter_++), df);
      const double sigma = std::sqrt(std::max(rest, 0.0) / chi_square);
      draw.sigma.push_back(sigma);
      DrawCoefficients(point, factor.Inverse(), sigma, draw);
    }
    chain_.claim.draws.push_back(std::move(draw));
    return {};
  }

  /// Score and information of one imputation's categorical model.
  NewtonIteration::Sums CategoricalSums(const PooledSums& sums, std::size_t m, std::size_t models,
                                        std::size_t p) const {
    const std::size_t size = models * p;
    Matrix information(size, std::vector<double>(size));
    std::size_t pair = m * (models * (models + 1) / 2);
    for (std::size_t k = 0; k < models; ++k) {
      for (std::size_t l = 0; l <= k; ++l, ++pair) {
        const Matrix part = Block(sums, pair, p);
        for (std::size_t i = 0; i < p; ++i) {
          for (std::size_t j = 0; j < p; ++j) {
            information[k * p + i][l * p + j] = information[l * p + j][k * p + i] = part[i][j];
          }
        }
      }
    }
    return {.log_likelihood = sums.Number(kModelValue, m),
            .score = Part(sums, m * size, size),
            .information = std::move(information)};
  }

  Result<void> VisitCategorical(std::size_t v) {
    const std::size_t p = chain_.claim.columns(v);
    const std::size_t models = chain_.claim.variables[v].width();
    std::vector<NewtonIteration> fits(imputations(), NewtonIteration(models * p));
    while (!std::all_of(fits.begin(), fits.end(), [](const auto& fit) { return fit.done(); })) {
      ImputationModelParameters parameters = Parameters(v);
      for (const NewtonIteration& fit : fits) {
        parameters.points.insert(parameters.points.end(), fit.point().begin(), fit.point().end());
      }
      CLINNOVA_ASSIGN(const PooledSums sums, Round(parameters));
      for (std::size_t m = 0; m < imputations(); ++m) {
        fits[m].Step(CategoricalSums(sums, m, models, p));
      }
    }
    ImputationDraw draw;
    draw.variable = v;
    for (const NewtonIteration& fit : fits) {
      if (!fit.converged()) return Stop(v, "is separated by the other variables");
      DrawCoefficients(fit.point(), fit.inverse(), 1, draw);
    }
    chain_.claim.draws.push_back(std::move(draw));
    return {};
  }

  Result<void> Stop(std::size_t v, const std::string& why) {
    chain_.converged = false;
    chain_.warning = "not converged: " + options_.variables[v] + " " + why +
                     ", so that it cannot be imputed; no estimate is given";
    return {};
  }

  Federation& federation_;    // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  ImputationOptions options_;
  KeyedRandom random_;
  std::uint64_t counter_ = 0;
  std::int64_t score_range_ = 2 * kUsualValue;
  std::int64_t information_range_ = 2 * kUsualValue;
  ImputationChain chain_;
};

Result<void> CheckColumns(const Federation& federation, const Analysis& analysis,
                          const ImputationOptions& options) {
  std::vector<std::string> names = options.variables;
  if (!options.row_id.empty()) names.push_back(options.row_id);
  for (const std::string& name : names) {
    if (federation.schema().Find(name)) continue;
    return Fail(ErrorCode::kInvalidInput, "analysis \"" + analysis.name() + "\": column \"" + name +
                                              "\": found none of that name");
  }
  return {};
}

}  // namespace

Result<ImputationChain> RunChain(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(ImputationOptions options, ImputationOptionsOf(analysis));
  CLINNOVA_TRY(CheckColumns(federation, analysis, options));
  return Chain(federation, analysis, std::move(options)).Run();
}

}  // namespace clinnova::stats
