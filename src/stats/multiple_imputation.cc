// SPDX-License-Identifier: Apache-2.0
#include "stats/multiple_imputation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "stats/glm_family.h"
#include "stats/imputation_chain.h"
#include "stats/imputation_steps.h"
#include "stats/newton_iteration.h"
#include "stats/outcome_levels.h"
#include "stats/rubin_pool.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using table::Design;
using Json = nlohmann::ordered_json;
using Mode = ImputationCompletedParameters::Mode;

/// The start has no likelihood: any that follows is better.
constexpr double kNoLikelihood = -1e300;

class CompletedFits {
 public:
  CompletedFits(Federation& federation, const Analysis& analysis, const ImputationOptions& options,
                const ImputationChain& chain, GlmFamily family)
      : federation_(federation),
        analysis_(analysis),
        options_(options),
        chain_(chain),
        family_(family) {}

  Result<void> Run() {
    CLINNOVA_TRY(ReadDesign());
    fits_.assign(imputations(), NewtonIteration(p()));
    dispersions_.assign(imputations(), 1);
    ranges_[0] = exponent_ + outcome_exponent_ + 4;
    ranges_[1] = 2 * exponent_ + 4;
    Mode mode = Mode::kStart;
    while (!std::all_of(fits_.begin(), fits_.end(), [](const auto& fit) { return fit.done(); })) {
      CLINNOVA_ASSIGN(const PooledSums sums, Round(mode));
      for (std::size_t m = 0; m < imputations(); ++m) CLINNOVA_TRY(StepOne(sums, m, mode));
      mode = Mode::kScore;
    }
    return {};
  }

  bool converged() const {
    return std::all_of(fits_.begin(), fits_.end(), [](const auto& fit) { return fit.converged(); });
  }
  const std::vector<std::string>& names() const { return design_->names(); }
  const std::vector<bool>& aliased() const { return fits_.front().aliased(); }
  double residual_df() const {
    const auto rank = std::count(aliased().begin(), aliased().end(), false);
    return static_cast<double>(chain_.rows - rank);
  }

  /// Coefficients and variances on the columns' own scale.
  void Estimates(std::size_t m, std::vector<double>& estimates,
                 std::vector<double>& variances) const {
    const std::vector<double>& scale = frame_.inverse_scale;
    const bool intercept = design_->intercept();
    Matrix transform(p(), std::vector<double>(p()));
    for (std::size_t j = 0; j < p(); ++j) {
      transform[j][j] = scale[j];
      if (intercept && j > 0) transform[0][j] = -scale[j] * frame_.center[j];
    }
    const Matrix covariance = Congruence(transform, fits_[m].inverse());
    for (std::size_t i = 0; i < p(); ++i) {
      long double sum = 0;
      for (std::size_t j = 0; j < p(); ++j) {
        sum += static_cast<long double>(transform[i][j]) * fits_[m].point()[j];
      }
      estimates.push_back(static_cast<double>(sum));
      variances.push_back(covariance[i][i] * dispersions_[m]);
    }
  }

 private:
  std::size_t imputations() const { return static_cast<std::size_t>(options_.imputations); }
  std::size_t p() const { return design_->names().size(); }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  Result<void> MakeDesign() {
    for (std::size_t v = 0; v < options_.variables.size(); ++v) {
      const VariableFacts& facts = chain_.claim.variables[v];
      const auto column = federation_.schema().Find(options_.variables[v]);
      const table::ColumnSchema& schema = federation_.schema().columns[*column];
      if (schema.kind != table::ColumnKind::kFactor) continue;
      std::vector<std::string> used;
      for (std::size_t l = 0; l < schema.levels.size(); ++l) {
        if (facts.level_counts[l] > 0) used.push_back(schema.levels[l]);
      }
      if (used.size() < schema.levels.size()) frame_.facts.used_levels[schema.name] = used;
    }
    CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis_));
    auto design = Design::Create(formula, federation_.schema(), {}, frame_.facts);
    if (!design) return FailAt("analysis \"" + analysis_.name() + "\"", design);
    design_.emplace(std::move(*design));
    const auto needs = design_->bases_without_facts();
    if (!needs.empty()) {
      return analysis_.Wrong(
          "formula",
          "found " + needs.front().text + ", which would be made of imputed values, expected " +
              (needs.front().polynomial ? "raw = TRUE"
                                        : "knots = c(…) with Boundary.knots = c(low, high)"));
    }
    CLINNOVA_TRY(CheckOutcomeLevels(analysis_, formula, *design_));
    for (const Design::FactorUse& factor : design_->factors()) {
      std::vector<std::int64_t>& counts = frame_.level_counts.emplace_back();
      for (std::size_t v = 0; v < options_.variables.size(); ++v) {
        if (options_.variables[v] != factor.column) continue;
        for (const std::int64_t count : chain_.claim.variables[v].level_counts) {
          if (count > 0) counts.push_back(count);
        }
      }
    }
    return {};
  }

  /// Nobody is left out of a completed table, unless an expression has no value there.
  Result<void> CheckRows(const PooledSums& sums) const {
    for (std::size_t m = 0; m < imputations(); ++m) {
      const std::size_t first = m * kCompletedCountSize;
      if (const auto rows = sums.Count(kCompletedCounts, first + kUnusableRows); rows != 0) {
        return Fail(ErrorCode::kFailed,
                    Where() + "an expression of the formula has no finite value in " +
                        std::to_string(rows) + " rows of imputation " + std::to_string(m + 1));
      }
      if (const auto rows = sums.Count(kCompletedCounts, first + kBadOutcome); rows != 0) {
        return Fail(ErrorCode::kInvalidInput,
                    Where() + "the outcome is outside the range of family " +
                        analysis_.Text("family", "gaussian").value_or("") + " in " +
                        std::to_string(rows) + " rows of imputation " + std::to_string(m + 1));
      }
    }
    return {};
  }

  Result<void> ReadDesign() {
    CLINNOVA_TRY(MakeDesign());
    if (federation_.minimum_count() > 0) {
      CLINNOVA_ASSIGN(const ModelFrame complete, ModelFrame::Build(federation_, analysis_));
      complete_cases_ = complete.claim();
    }
    ImputationCompletedParameters parameters;
    parameters.claim = chain_.claim;
    parameters.frame = frame_;
    parameters.complete_cases = complete_cases_;
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kImputationCompletedStep, parameters));
    CLINNOVA_TRY(CheckRows(sums));
    frame_.n = chain_.rows;
    const auto n = static_cast<double>(chain_.rows);
    double outcome_square = 0;
    for (std::size_t m = 0; m < imputations(); ++m) {
      outcome_square = std::max(
          outcome_square, sums.Number(kCompletedFit, m * kCompletedFitSize + kFitOutcomeSquare));
    }
    outcome_exponent_ = ExponentOf(std::sqrt(outcome_square / n)) + 3;
    for (std::size_t j = 0; j < p(); ++j) AddColumn(sums, j, n);
    return CheckDesign(sums);
  }

  /// Centre and scale of one column, by the first completed table.
  void AddColumn(const PooledSums& sums, std::size_t j, double n) {
    frame_.zeros.push_back(sums.Count(kCompletedZeros, j));
    frame_.ones.push_back(sums.Count(kCompletedZeros, p() + j));
    const bool is_intercept = design_->intercept() && j == 0;
    const double mean = sums.Number(kCompletedColumns, j) / n;
    const double square = sums.Number(kCompletedColumns, p() + j) / n;
    const double center = design_->intercept() && !is_intercept ? mean : 0;
    const double variance = std::max(square - center * center, 1e-14 * square);
    const double scale =
        variance > 0 && !is_intercept ? std::ldexp(1.0, -ExponentOf(std::sqrt(variance))) : 1;
    frame_.center.push_back(center);
    frame_.inverse_scale.push_back(scale);
    exponent_ = 3;  // values within eight standard deviations; others cost a repeated round
  }

  /// Rules 2 to 4 on every completed table.
  Result<void> CheckDesign(const PooledSums& sums) const {
    const std::int64_t k = federation_.minimum_count();
    for (std::size_t m = 0; k > 0 && m < imputations(); ++m) {
      for (std::size_t j = 0; j < p(); ++j) {
        const std::int64_t zeros = sums.Count(kCompletedZeros, 2 * m * p() + j);
        const std::int64_t ones = sums.Count(kCompletedZeros, (2 * m + 1) * p() + j);
        const std::int64_t others = chain_.rows - zeros;
        const bool binary = others == ones;
        if ((others > 0 && others < k) || (binary && zeros > 0 && zeros < k)) {
          return Fail(ErrorCode::kRefused,
                      Where() + "term " + names()[j] + " tells fewer than " + std::to_string(k) +
                          " persons from the others",
                      "rare_level");
        }
      }
    }
    const auto parameters = static_cast<std::int64_t>(p());
    if (k > 0 && (3 * parameters > chain_.rows || chain_.rows - parameters < 10)) {
      return Fail(ErrorCode::kRefused,
                  Where() + std::to_string(parameters) + " parameters on " +
                      std::to_string(chain_.rows) +
                      " rows, expected at most a third as many and 10 degrees of freedom",
                  "too_many_parameters");
    }
    return {};
  }

  Result<PooledSums> Round(Mode mode) {
    ImputationCompletedParameters parameters;
    parameters.mode = mode;
    parameters.claim = chain_.claim;
    parameters.frame = frame_;
    parameters.complete_cases = complete_cases_;
    for (const NewtonIteration& fit : fits_) {
      parameters.points.insert(parameters.points.end(), fit.point().begin(), fit.point().end());
    }
    parameters.score_exponent = ranges_[0];
    parameters.information_exponent = ranges_[1];
    CLINNOVA_ASSIGN(PooledSums sums,
                    federation_.Sum(analysis_, kImputationCompletedStep, parameters));
    ranges_[0] = sums.layout().blocks[kCompletedScore].exponent;
    ranges_[1] = sums.layout().blocks[kCompletedInformation].exponent;
    return sums;
  }

  Result<void> StepOne(const PooledSums& sums, std::size_t m, Mode mode) {
    if (fits_[m].done()) return {};
    const std::size_t counts = m * kCompletedCountSize;
    if (sums.Count(kCompletedCounts, counts + kBadMean) != 0) {
      return Fail(ErrorCode::kFailed,
                  Where() + "a fitted mean left the family's range, expected another link");
    }
    const std::size_t triangle = p() * (p() + 1) / 2;
    std::vector<double> packed(triangle);
    for (std::size_t i = 0; i < triangle; ++i) {
      packed[i] = sums.Number(kCompletedInformation, m * triangle + i);
    }
    std::vector<double> score(p());
    for (std::size_t j = 0; j < p(); ++j) score[j] = sums.Number(kCompletedScore, m * p() + j);
    const double deviance = sums.Number(kCompletedFit, m * kCompletedFitSize + kFitDeviance);
    const bool start = mode == Mode::kStart;
    if (!start && family_.dispersion_is_free()) {
      dispersions_[m] =
          sums.Number(kCompletedFit, m * kCompletedFitSize + kFitPearson) / residual_df();
    }
    fits_[m].Step({.log_likelihood = start ? kNoLikelihood : -deviance / 2,
                   .score = std::move(score),
                   .information = FromLowerTriangle(packed, p()),
                   .dispersion = dispersions_[m],
                   .boundary = sums.Count(kCompletedCounts, counts + kFittedEdge) > 0});
    return {};
  }

  Federation& federation_;            // not owned, outlives this
  const Analysis& analysis_;          // not owned, outlives this
  const ImputationOptions& options_;  // not owned, outlives this
  const ImputationChain& chain_;      // not owned, outlives this
  GlmFamily family_;
  std::optional<Design> design_;
  FrameClaim frame_;
  FrameClaim complete_cases_;
  int exponent_ = 0;
  int outcome_exponent_ = 0;
  std::int64_t ranges_[2] = {0, 0};
  std::vector<NewtonIteration> fits_;
  std::vector<double> dispersions_;
};

Json PooledTerm(const std::string& name, const RubinPool& pool, double level) {
  const double error = std::sqrt(pool.total);
  const double statistic = pool.estimate / error;
  const double quantile = core::StudentTQuantile(1 - (1 - level) / 2, pool.df);
  return {{"term", name},
          {"estimate", NumberJson(pool.estimate)},
          {"std_error", NumberJson(error)},
          {"statistic", NumberJson(statistic)},
          {"p_value", NumberJson(core::StudentTTwoSidedP(statistic, pool.df))},
          {"conf_low", NumberJson(pool.estimate - quantile * error)},
          {"conf_high", NumberJson(pool.estimate + quantile * error)},
          {"df", NumberJson(pool.df)},
          {"within", NumberJson(pool.within)},
          {"between", NumberJson(pool.between)},
          {"riv", NumberJson(pool.riv)},
          {"lambda", NumberJson(pool.lambda)},
          {"fmi", NumberJson(pool.fmi)}};
}

Json Terms(const CompletedFits& fits, std::size_t imputations, double level) {
  std::vector<std::vector<double>> estimates(imputations);
  std::vector<std::vector<double>> variances(imputations);
  for (std::size_t m = 0; m < imputations; ++m) fits.Estimates(m, estimates[m], variances[m]);
  Json terms = Json::array();
  for (std::size_t j = 0; j < fits.names().size(); ++j) {
    std::vector<double> mine;
    std::vector<double> errors;
    for (std::size_t m = 0; m < imputations; ++m) {
      mine.push_back(estimates[m][j]);
      errors.push_back(variances[m][j]);
    }
    Json term = PooledTerm(fits.names()[j], PoolByRubin(mine, errors, fits.residual_df()), level);
    if (!fits.converged() || fits.aliased()[j]) {
      for (auto& [key, value] : term.items()) {
        if (key != "term") value = nullptr;
      }
    }
    terms.push_back(std::move(term));
  }
  return terms;
}

Json Imputed(const ImputationOptions& options, const ImputationClaim& claim) {
  Json list = Json::array();
  for (std::size_t v = 0; v < options.variables.size(); ++v) {
    const VariableFacts& facts = claim.variables[v];
    const char* model = !facts.categorical        ? "normal"
                        : facts.categories() == 2 ? "logistic"
                                                  : "multinomial";
    list.push_back({{"variable", options.variables[v]},
                    {"n", facts.observed},
                    {"n_missing", facts.missing},
                    {"model", facts.missing == 0 ? Json(nullptr) : Json(model)}});
  }
  return list;
}

Result<GlmFamily> FamilyOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  CLINNOVA_ASSIGN(const std::string link, analysis.Text("link", ""));
  const auto parsed = ParseFamily(family, link);
  if (!parsed) return FailAt("analysis \"" + analysis.name() + "\"", parsed);
  return *parsed;
}

Result<void> CheckFormula(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  if (formula.response().kind != table::Response::Kind::kNumeric) {
    return analysis.Wrong("formula", "expected an outcome before ~");
  }
  if (!formula.strata().empty() || !formula.clusters().empty()) {
    return analysis.Wrong("formula",
                          "strata(), cluster() and random effects are not there with imputation");
  }
  for (const table::Term& term : formula.terms()) {
    for (const table::TermFactor& factor : term.factors) {
      if (factor.kind != table::TermFactor::Kind::kFactor) continue;
      return analysis.Wrong("formula", "found " + factor.text +
                                           ", expected the column to be declared as a factor, "
                                           "so that it is imputed as one");
    }
  }
  return {};
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const GlmFamily family, FamilyOf(analysis));
  CLINNOVA_ASSIGN(const ImputationOptions options, ImputationOptionsOf(analysis));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  CLINNOVA_TRY(CheckFormula(analysis));
  CLINNOVA_ASSIGN(const ImputationChain chain, RunChain(federation, analysis));
  std::vector<std::string> warnings;
  if (!chain.converged) warnings.push_back(chain.warning);
  if (options.row_id.empty() && chain.incomplete_rows > 0) {
    warnings.emplace_back(
        "rows are told apart by their values: identical incomplete rows are imputed alike; where "
        "there are many, name a column that tells them apart as row_id");
  }
  Json terms = Json::array();
  bool converged = chain.converged;
  if (converged) {
    CompletedFits fits(federation, analysis, options, chain, family);
    CLINNOVA_TRY(fits.Run());
    converged = fits.converged();
    terms = Terms(fits, static_cast<std::size_t>(options.imputations), level);
    if (!converged) {
      warnings.emplace_back("not converged on every completed table; no estimate is given");
    }
  }
  Json result;
  result["n"] = chain.rows;
  result["n_missing"] = 0;
  result["n_incomplete"] = chain.incomplete_rows;
  result["converged"] = converged;
  result["warnings"] = warnings;
  result["terms"] = std::move(terms);
  result["imputations"] = options.imputations;
  result["cycles"] = options.cycles;
  result["seed"] = options.seed;
  result["variables_imputed"] = Imputed(options, chain.claim);
  result["family"] = analysis.Text("family", "gaussian").value_or("");
  result["link"] = LinkName(family.link);
  result["conf_level"] = level;
  return result;
}

constexpr std::string_view kOptions[] = {
    "formula", "family", "link",  "imputation_variables", "imputation_method", "imputations",
    "cycles",  "seed",   "row_id"};

}  // namespace

Method MultipleImputationMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.insert(steps.end(),
               {&kImputationObservedStep, &kImputationModelStep, &kImputationCompletedStep});
  return {"multiple_imputation", "model on data with missing values, imputed and pooled", kOptions,
          std::move(steps), Run};
}

}  // namespace clinnova::stats
