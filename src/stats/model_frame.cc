// SPDX-License-Identifier: Apache-2.0
#include "stats/model_frame.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>

#include "core/hash.h"
#include "federation/batches.h"
#include "stats/combat_adjustment.h"
#include "stats/curve_groups.h"
#include "stats/frame_preflight.h"
#include "stats/frame_rules.h"
#include "stats/linear_algebra.h"
#include "stats/outcome_levels.h"
#include "stats/polynomial_moments.h"
#include "stats/spline_knots.h"
#include "stats/split_columns.h"
#include "stats/treatment_formula.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::Design;
using table::DesignBatch;
using table::DesignFacts;
using table::DesignOptions;
using table::Formula;
using table::kBatchRows;

int ExponentOf(double size) {
  if (!(size > 0)) return 0;
  int exponent = 0;
  const double fraction = std::frexp(size, &exponent);
  return fraction == 0.5 ? exponent - 1 : exponent;
}

Result<DesignOptions> DesignOptionsOf(const Analysis& analysis) {
  DesignOptions options;
  CLINNOVA_ASSIGN(options.weights, analysis.Text("weights", ""));
  CLINNOVA_ASSIGN(options.cluster, analysis.Text("cluster", ""));
  options.survival_intercept = analysis.method() != "aft";
  bool by_site = analysis.method() == "cox";
  if (analysis.method() == "elastic_net") {
    CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", ""));
    by_site = family == "cox";
  }
  CLINNOVA_ASSIGN(options.strata,
                  analysis.Texts("strata", by_site ? std::vector<std::string>{"site"}
                                                   : std::vector<std::string>{}));
  if (analysis.method() == "competing_risks") {
    options.status = table::StatusCoding::kCause;
    CLINNOVA_ASSIGN(const std::vector<std::string> groups, CurveGroups(analysis));
    options.strata.insert(options.strata.end(), groups.begin(), groups.end());
    CLINNOVA_ASSIGN(options.cluster, analysis.Text("id", ""));
  }
  std::vector<const char*> beside;  // keys of columns that a row must have beside the formula's
  if (analysis.method() == "elastic_net" || analysis.method() == "treatment_choice") {
    beside = {"fold_column", "id"};
  }
  if (analysis.method() == "gee") beside = {"id", "time"};
  if (SplitsColumns(analysis)) {
    beside = {"fold_column", "id"};
    CLINNOVA_ASSIGN(options.also, RequiredSplitColumns(analysis));
  }
  for (const char* key : beside) {
    CLINNOVA_ASSIGN(const std::string column, analysis.Text(key, ""));
    if (!column.empty()) options.also.push_back(column);
  }
  return options;
}

Result<void> CheckParameterCount(std::int64_t parameters, std::int64_t rows, int minimum_count) {
  if (minimum_count == 0 || (3 * parameters <= rows && rows - parameters >= 10)) return {};
  return Fail(ErrorCode::kRefused,
              std::to_string(parameters) + " parameters on " + std::to_string(rows) +
                  " rows, expected at most a third as many and 10 degrees of freedom",
              "too_many_parameters");
}

namespace {

bool GroupsOnTheRight(const Analysis& analysis) {
  constexpr std::string_view kMethods[] = {"kaplan_meier", "logrank", "rmst"};
  return std::find(std::begin(kMethods), std::end(kMethods), analysis.method()) !=
         std::end(kMethods);
}

/// "~ a + b" for the methods that take `variables` instead of a formula.
Result<Formula> FormulaOfVariables(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("variables"));
  std::string right;
  for (const std::string& name : names) right += (right.empty() ? "`" : " + `") + name + "`";
  auto formula = Formula::Parse("~ " + (right.empty() ? "1" : right));
  if (!formula) return FailAt("analysis \"" + analysis.name() + "\": variables", formula);
  return formula;
}

/// The grouping columns of a formula whose right side names groups.
Result<std::vector<std::string>> GroupNames(const Analysis& analysis, const Formula& formula) {
  std::vector<std::string> names;
  for (const table::Term& term : formula.terms()) {
    if (term.factors.size() != 1 ||
        term.factors[0].expression.kind != table::Expression::Kind::kName) {
      return analysis.Wrong("formula", "expected columns that name groups on the right of ~");
    }
    names.push_back(term.factors[0].expression.name);
  }
  return names;
}

/// A column that keeps less of its square after those before it has no leverage of its own.
constexpr double kCollinear = 1e-11;
/// 2^e of the highest class any site told for a column; 0 when all values are 0.
double LargestSize(const PooledSums& sums, std::size_t column) {
  // A guarded round does not tell: the largest value, even as a class, is one person's.
  if (sums.layout().blocks[kLargest].size == 0) return std::numeric_limits<double>::infinity();
  for (std::size_t c = kSizeClasses; c-- > 0;) {
    if (sums.Count(kLargest, column * kSizeClasses + c) != 0) {
      return std::ldexp(1.0, static_cast<int>(c) + kLowestSize);
    }
  }
  return 0;
}

/// What standardises one column: from exact sums, so the same for every partition.
struct ColumnScale {
  double center = 0;
  double inverse_scale = 1;
  double largest = 0;  ///< bound of the size of a standardised value
};

ColumnScale ScaleOf(double sum, double sum_of_squares, double n, bool centre) {
  const double mean = sum / n;
  const double mean_square = sum_of_squares / n;
  double variance = mean_square;
  if (centre) {
    // Rounding leaves nothing below 1e-14 of the mean square; the floor keeps the scale sensible.
    variance = std::max(mean_square - mean * mean, 1e-14 * mean_square);
  }
  if (!(variance > 0)) return {};
  ColumnScale scale;
  scale.center = centre ? mean : 0;
  const int exponent = ExponentOf(std::sqrt(variance));
  scale.inverse_scale = std::ldexp(1.0, -exponent);
  scale.largest = std::sqrt(n * variance) * scale.inverse_scale;
  return scale;
}

}  // namespace

Result<std::shared_ptr<const SiteFrame>> SiteFrameOf(const SiteView& site,
                                                     const FrameClaim& claim) {
  const std::string key =
      "frame " + site.analysis.name() + " " + core::ToHex(core::Blake2b(core::Encode(claim)));
  using Made = Result<std::shared_ptr<const SiteFrame>>;
  return *site.cache.GetOrMake<Made>(key, [&]() -> Made {
    CLINNOVA_ASSIGN(Design design, DesignOf(site.analysis, site.table.schema, claim.facts));
    const std::size_t p = design.names().size();
    if (claim.zeros.size() != p || claim.ones.size() != p || claim.center.size() != p ||
        claim.inverse_scale.size() != p || claim.level_counts.size() != design.factors().size()) {
      return Fail(ErrorCode::kRefused, "a claim that does not fit the design", "wrong_layout");
    }
    CLINNOVA_TRY(HoldFrame(site, design, claim));
    return std::make_shared<const SiteFrame>(SiteFrame{std::move(design)});
  });
}

void Standardise(const FrameClaim& claim, DesignBatch& batch) {
  for (std::size_t j = 0; j < claim.center.size(); ++j) {
    const double center = claim.center[j];
    const double inverse_scale = claim.inverse_scale[j];
    if (center == 0 && inverse_scale == 1) continue;
    double* x = batch.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < batch.rows; ++r) x[r] = (x[r] - center) * inverse_scale;
  }
}

std::vector<federation::Rule> FrameRules(std::initializer_list<federation::Rule> more) {
  using federation::Rule;
  std::vector<Rule> rules = more;
  for (const Rule rule : {Rule::kCohort, Rule::kParameters, Rule::kLevels, Rule::kExpressions,
                          Rule::kDominance, Rule::kLeverage, Rule::kContributors}) {
    rules.push_back(rule);
  }
  return rules;
}

std::vector<const federation::Step*> ModelFrameSteps() {
  std::vector<const federation::Step*> steps = SplineKnotSteps();
  for (const federation::Step* step : PolynomialSteps()) steps.push_back(step);
  steps.push_back(&kPreflight);
  return steps;
}

Result<Design> DesignOf(const Analysis& analysis, const table::Schema& schema,
                        const DesignFacts& facts) {
  CLINNOVA_ASSIGN(DesignOptions options, DesignOptionsOf(analysis));
  if (analysis.method() == "competing_risks")
    CLINNOVA_TRY(DropWideGroups(analysis, schema, options.strata));
  const auto formula = FormulaOf(analysis);
  if (!formula) return Fail(formula);
  auto design = Design::Create(*formula, schema, options, facts);
  if (!design) return FailAt("analysis \"" + analysis.name() + "\"", design);
  return design;
}

namespace {

bool IsOneOf(std::string_view method, std::initializer_list<std::string_view> methods) {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

/// What a formula says beside its terms, and the method would not do: left out in silence it would be another model.
Result<void> CheckSpecials(const Analysis& analysis, const Formula& formula) {
  const std::string& method = analysis.method();
  if (!formula.random().empty() && method != "mixed") {
    return analysis.Wrong("formula", "found a random effect, which is for method \"mixed\"");
  }
  const bool survival = formula.response().kind == table::Response::Kind::kSurvival;
  const bool plain =
      IsOneOf(method, {"glm", "gee", "ordinal", "multinomial", "anova", "mixed"}) ||
      (!survival && IsOneOf(method, {"meta", "elastic_net", "boosted_trees", "random_forest"}));
  if (plain && !formula.strata().empty()) {
    const std::string column = formula.strata().front().Text();
    return analysis.Wrong("formula", "found strata(" + column + "), which method " + method +
                                         " does not have, expected a term such as factor(" +
                                         column + ")");
  }
  if (!plain || formula.clusters().empty()) return {};
  if (method == "glm") {
    CLINNOVA_ASSIGN(const std::string robust, analysis.Text("robust", "none"));
    if (robust == "cluster") return {};
  }
  return analysis.Wrong("formula", "found cluster(" + formula.clusters().front().Text() +
                                       "), expected " +
                                       (method == "glm"     ? "robust = \"cluster\" beside it"
                                        : method == "gee"   ? "the clusters' column as id"
                                        : method == "mixed" ? "a random effect such as (1 | g)"
                                                            : "no clusters with method " + method));
}

}  // namespace

bool HasFormula(const Analysis& analysis) {
  return analysis.Has("formula") || analysis.Has("treatment") || analysis.method() == "combat";
}

Result<Formula> FormulaOf(const Analysis& analysis) {
  if (analysis.Has("treatment")) return TreatmentFormula(analysis);
  if (analysis.method() == "combat") return FeatureFormula(analysis);
  if (SplitsColumns(analysis)) {
    CLINNOVA_ASSIGN(Formula formula, ResponseFormula(analysis));
    CLINNOVA_TRY(CheckSpecials(analysis, formula));
    return formula;
  }
  if (!analysis.Has("formula") && analysis.Has("variables")) return FormulaOfVariables(analysis);
  CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
  auto formula = Formula::Parse(text);
  if (!formula) return FailAt("analysis \"" + analysis.name() + "\"", formula);
  CLINNOVA_TRY(CheckSpecials(analysis, *formula));
  if (analysis.method() == "ordinal" || analysis.method() == "multinomial") {
    return formula->WithFactorResponse();
  }
  if (analysis.method() == "conditional_logistic") return formula->WithStrataAsClusters();
  if (!GroupsOnTheRight(analysis)) return formula;
  CLINNOVA_ASSIGN(const std::vector<std::string> groups, GroupNames(analysis, *formula));
  std::string right;
  const auto add = [&](const std::string& column) {
    right += (right.empty() ? "strata(`" : " + strata(`") + column + "`)";
  };
  for (const std::string& group : groups) add(group);
  for (const table::Expression& stratum : formula->strata()) add(stratum.name);
  return Formula::Parse(text.substr(0, text.find('~')) + "~ " + (right.empty() ? "1" : right));
}

Result<std::size_t> GroupCount(const Analysis& analysis) {
  if (!GroupsOnTheRight(analysis)) return std::size_t{0};
  CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
  CLINNOVA_ASSIGN(const Formula formula, Formula::Parse(text));
  return formula.terms().size();
}

namespace {

/// Rows that no method can use, in words.
Result<void> CheckCases(const PooledSums& sums, const std::string& where, int minimum_count) {
  if (sums.Count(kCases, kInfinite) != 0) {
    return Fail(ErrorCode::kFailed, where + ": a value of the formula is infinite in " +
                                        std::to_string(sums.Count(kCases, kInfinite)) + " rows");
  }
  if (sums.Count(kCases, kInvalid) != 0) {
    return Fail(
        ErrorCode::kInvalidInput,
        where + ": " + std::to_string(sums.Count(kCases, kInvalid)) +
            " rows cannot be, expected a status of 0 or 1 (or 1 and 2), a stop after the start, "
            "weights of 0 or more");
  }
  if (sums.Count(kCases, kComplete) == 0 && minimum_count > 0) {
    return Fail(ErrorCode::kRefused,
                where + ": no complete case at any site with at least " +
                    std::to_string(minimum_count) + " persons",
                "cohort_below_threshold");
  }
  if (sums.Count(kCases, kComplete) == 0) {
    return Fail(ErrorCode::kFailed,
                where + ": no row has a value in every variable of the formula");
  }
  return {};
}

}  // namespace

Result<ModelFrame> ModelFrame::Build(Federation& federation, const Analysis& analysis,
                                     Outcome outcome) {
  ModelFrame frame;
  const std::string where = "analysis \"" + analysis.name() + "\"";
  CLINNOVA_ASSIGN(Design wide, DesignOf(analysis, federation.schema(), {}));
  CLINNOVA_ASSIGN(frame.formula_, FormulaOf(analysis));
  if (!wide.bases_without_facts().empty()) {
    CLINNOVA_TRY(FindKnots(federation, analysis, wide, frame.claim_.facts));
    CLINNOVA_TRY(FindPolynomials(federation, analysis, wide, frame.claim_.facts));
    CLINNOVA_ASSIGN(wide, DesignOf(analysis, federation.schema(), frame.claim_.facts));
  }
  CLINNOVA_ASSIGN(const PooledSums sums, frame.Preflight(federation, analysis));
  frame.claim_.n = sums.Count(kCases, kComplete);
  frame.n_missing_ = sums.Count(kCases, kMissing);
  CLINNOVA_TRY(CheckCases(sums, where, federation.minimum_count()));
  frame.ReadTimes(sums);
  frame.ReadLevels(wide, sums);
  CLINNOVA_ASSIGN(Design design, DesignOf(analysis, federation.schema(), frame.claim_.facts));
  if (outcome == Outcome::kNumber) {
    CLINNOVA_TRY(CheckOutcomeLevels(analysis, frame.formula_, design));
  }

  std::map<std::string, std::size_t> column_of;
  for (std::size_t j = 0; j < wide.names().size(); ++j) column_of[wide.names()[j]] = j;
  const auto n = static_cast<double>(frame.claim_.n);
  double largest = 1;
  for (std::size_t j = 0; j < design.names().size(); ++j) {
    const auto found = column_of.find(design.names()[j]);
    if (found == column_of.end()) {
      return Fail(ErrorCode::kFailed, where + ": column " + design.names()[j] + " has no counts",
                  "internal");
    }
    const std::size_t from = found->second;
    const bool is_intercept = design.intercept() && j == 0;
    const ColumnScale scale =
        is_intercept
            ? ColumnScale{}
            : ScaleOf(sums.Number(kSums, from), sums.Number(kSquares, from), n, design.intercept());
    frame.claim_.zeros.push_back(sums.Count(kZeros, from));
    frame.claim_.ones.push_back(sums.Count(kOnes, from));
    frame.claim_.center.push_back(scale.center);
    frame.claim_.inverse_scale.push_back(scale.inverse_scale);
    largest = std::max(largest,
                       std::min(scale.largest, (LargestSize(sums, from) + std::fabs(scale.center)) *
                                                   scale.inverse_scale));
  }
  frame.standardised_exponent_ = ExponentOf(largest) + 1;
  const std::size_t parts = frame.formula_.response().parts.size();
  for (std::size_t part = 0; part < parts; ++part) {
    frame.response_exponents_.push_back(ExponentOf(std::sqrt(sums.Number(kSizes, part))));
  }
  CLINNOVA_ASSIGN(const DesignOptions options, DesignOptionsOf(analysis));
  frame.weights_exponent_ =
      options.weights.empty() ? 0 : ExponentOf(std::sqrt(sums.Number(kSizes, parts)));
  if (federation.minimum_count() > 0) frame.ReadRules(sums, design, column_of);
  const auto allowed = CheckClaim(frame.claim_, {.analysis = analysis,
                                                 .schema = federation.schema(),
                                                 .design = design,
                                                 .minimum_count = federation.minimum_count(),
                                                 .limits = federation.limits()});
  if (!allowed) return FailAt(where, allowed);
  frame.design_ = std::make_shared<const Design>(std::move(design));
  return frame;
}

Result<PooledSums> ModelFrame::Preflight(Federation& federation, const Analysis& analysis) {
  PreflightParameters parameters{
      .facts = claim_.facts, .guarded = federation.minimum_count() > 0, .magnitudes = {}};
  CLINNOVA_ASSIGN(PooledSums sums, federation.Sum(analysis, kPreflight, parameters));
  if (sums.Count(kCases, kStatusTwo) != 0) {
    parameters.facts.status_is_one_two = claim_.facts.status_is_one_two = true;
    CLINNOVA_ASSIGN(sums, federation.Sum(analysis, kPreflight, parameters));
  }
  // Too small a cohort is refused whatever its sums.
  const bool enough = sums.Count(kCases, kComplete) >= federation.minimum_count();
  if (parameters.guarded && enough && sums.Count(kWithheld) != 0) {
    parameters.magnitudes = sums.Numbers(kMagnitudes);
    CLINNOVA_ASSIGN(sums, federation.Sum(analysis, kPreflight, parameters));
  }
  return sums;
}

void ModelFrame::ReadLevels(const Design& wide, const PooledSums& sums) {
  const bool guarded = sums.layout().blocks.size() > kLevelSites;
  std::size_t first = 0;
  for (const Design::FactorUse& factor : wide.factors()) {
    std::vector<std::string> used;
    std::vector<std::int64_t> counts;
    std::vector<std::int64_t> sites;
    std::vector<std::int64_t> ones;
    for (std::size_t level = 0; level < factor.levels.size(); ++level) {
      const std::int64_t count = sums.Count(kLevels, first + level);
      if (count == 0) continue;
      used.push_back(factor.levels[level]);
      counts.push_back(count);
      if (!guarded) continue;
      sites.push_back(sums.Count(kLevelSites, first + level));
      ones.push_back(sums.Count(kLevelOnes, first + level));
    }
    first += factor.levels.size();
    if (used.size() < factor.levels.size()) claim_.facts.used_levels[factor.column] = used;
    claim_.level_counts.push_back(std::move(counts));
    if (!guarded) continue;
    claim_.level_sites.push_back(std::move(sites));
    claim_.level_ones.push_back(std::move(ones));
  }
}

void ModelFrame::ReadRules(const PooledSums& sums, const Design& design,
                           const std::map<std::string, std::size_t>& column_of) {
  const std::size_t p = design.names().size();
  std::vector<std::size_t> from;
  for (const std::string& name : design.names()) {
    from.push_back(column_of.at(name));
    claim_.column_sites.push_back(sums.Count(kColumnSites, from.back()));
  }
  claim_.part_zeros = sums.Counts(kPartZeros);
  claim_.part_ones = sums.Counts(kPartOnes);
  if (sums.layout().blocks[kGram].size == 0) return;
  const std::vector<double> products = sums.Numbers(kGram);
  const auto product = [&](std::size_t i, std::size_t j) -> long double {
    const std::size_t a = std::max(from[i], from[j]);
    return products[a * (a + 1) / 2 + std::min(from[i], from[j])];
  };
  Matrix gram(p, std::vector<double>(p));
  const auto n = static_cast<long double>(claim_.n);
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) {
      const long double a = claim_.center[i];
      const long double b = claim_.center[j];
      const long double centred = product(i, j) - a * sums.Number(kSums, from[j]) -
                                  b * sums.Number(kSums, from[i]) + n * a * b;
      gram[i][j] = static_cast<double>(centred * claim_.inverse_scale[i] * claim_.inverse_scale[j]);
    }
  }
  const Matrix inverse = SymmetricFactor(gram, kCollinear).Inverse();
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j <= i; ++j) claim_.precision.push_back(inverse[i][j]);
  }
}

void ModelFrame::ReadTimes(const PooledSums& sums) {
  if (!IsSurvival(formula_)) return;
  for (std::size_t d = 0; d < std::size(kDenominators) && time_denominator_ == 0; ++d) {
    if (sums.Count(kOffGrid, d) == 0) time_denominator_ = kDenominators[d];
  }
  for (std::size_t power = 0; power < kTimePowerCount; ++power) {
    if (sums.Count(kTimePowers, power) != 0) {
      time_exponent_ = static_cast<int>(power) + kLowestTimePower;
    }
  }
}

void ModelFrame::ToOriginalScale(std::vector<double>& coefficients, Matrix& covariance) const {
  const std::size_t p = columns();
  Matrix transform(p, std::vector<double>(p));
  for (std::size_t j = 0; j < p; ++j) {
    transform[j][j] = claim_.inverse_scale[j];
    if (design_->intercept() && j > 0)
      transform[0][j] = -claim_.inverse_scale[j] * claim_.center[j];
  }
  std::vector<double> original(p);
  for (std::size_t i = 0; i < p; ++i) {
    long double sum = 0;
    for (std::size_t j = 0; j < p; ++j) {
      sum += static_cast<long double>(transform[i][j]) * coefficients[j];
    }
    original[i] = static_cast<double>(sum);
  }
  coefficients = std::move(original);
  if (!covariance.empty()) covariance = Congruence(transform, covariance);
}

}  // namespace clinnova::stats
