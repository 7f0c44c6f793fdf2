// SPDX-License-Identifier: Apache-2.0
#include "stats/conditional_logistic.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "stats/cox_rows.h"
#include "stats/matched_sets.h"
#include "stats/newton.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using Json = nlohmann::ordered_json;

constexpr std::string_view kTies[] = {"exact", "efron", "breslow"};
/// Products of an exact set's recursion beyond which a site would not end.
constexpr double kLargestRecursion = 2e9;

struct ConditionalParameters {
  FrameClaim claim;
  std::vector<double> beta;  ///< without intercept; standardised scale

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
  }
};

enum ConditionalBlock { kLogLikelihood, kScore, kInformation, kCounts };
enum ConditionalCount {
  kCases,
  kOthers,
  kInvalidOutcome,
  kSets,
  kInformativeSets,
  kOutside,
  kRows,
  kSize
};

Result<SetTies> TiesOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string ties, analysis.Choice("ties", kTies));
  return ties == "exact" ? SetTies::kExact : ties == "efron" ? SetTies::kEfron : SetTies::kBreslow;
}

// --- the site ---------------------------------------------------------------------------------

/// A site's sets, kept between rounds.
struct SiteSets {
  std::vector<MatchedSet> sets;
  std::int64_t rows = 0;
  std::int64_t cases = 0;
  std::int64_t others = 0;
  std::int64_t invalid = 0;
};

SiteSets CollectSets(const SiteView& site, const SiteFrame& frame, const FrameClaim& claim) {
  SiteSets collected;
  std::map<std::vector<std::int64_t>, std::size_t> index;
  std::vector<std::int64_t> key;
  ForEachRow(site, frame, claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const double y = batch.response[0][r];
               if (batch.weights[r] == 0) return;  // counts in nothing
               ++collected.rows;
               if (y != 0 && y != 1) {
                 ++collected.invalid;
                 return;
               }
               (y == 1 ? collected.cases : collected.others) += 1;
               key.clear();
               for (const auto& column : batch.cluster) key.push_back(column[r]);
               const auto [at, added] = index.try_emplace(key, collected.sets.size());
               if (added) collected.sets.emplace_back(x.size());
               collected.sets[at->second].Add(
                   x, {.offset = batch.offset[r], .weight = batch.weights[r], .is_case = y == 1});
             });
  for (MatchedSet& set : collected.sets) set.Sort();
  return collected;
}

Result<Layout> ConditionalLayout(const Analysis&, const table::Schema&,
                                 const ConditionalParameters& parameters) {
  const std::size_t q = parameters.beta.size();
  return Layout{{WideBlock("log_likelihood", 1), WideBlock("score", q),
                 WideBlock("information", q * (q + 1) / 2), CountBlock("counts", kSize)}};
}

/// kInvalidInput for a set whose recursion is too long.
Result<void> CheckSize(const MatchedSet& set, SetTies ties) {
  const auto q = static_cast<double>(set.covariates() + 1);
  const double products =
      static_cast<double>(set.size()) * static_cast<double>(set.cases()) * q * q / 2;
  if (ties != SetTies::kExact || products <= kLargestRecursion) return {};
  return Fail(ErrorCode::kInvalidInput,
              "ties: a set is too large for \"exact\", expected \"efron\" or \"breslow\"",
              "set_too_large");
}

void AddSet(const MatchedSet& set, const std::vector<double>& beta, SetTies ties, ExactSums& sums) {
  const SetLikelihood at = LikelihoodOfSet(set, beta, ties);
  bool finite = std::isfinite(at.log_likelihood);
  for (const double value : at.score) finite = finite && std::isfinite(value);
  for (const double value : at.information) finite = finite && std::isfinite(value);
  if (!finite) return sums.AddCount(kCounts, kOutside);
  sums.Add(kLogLikelihood, 0, at.log_likelihood);
  for (std::size_t j = 0; j < at.score.size(); ++j) sums.Add(kScore, j, at.score[j]);
  for (std::size_t j = 0; j < at.information.size(); ++j) {
    sums.Add(kInformation, j, at.information[j]);
  }
}

Result<void> ConditionalEvaluate(const SiteView& site, const ConditionalParameters& parameters,
                                 ExactSums& sums) {
  CLINNOVA_ASSIGN(const SetTies ties, TiesOf(site.analysis));
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  if (parameters.beta.size() + 1 != frame->design.names().size()) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  const std::string key = "matched sets " + site.analysis.name() + " " +
                          core::ToHex(core::Blake2b(core::Encode(parameters.claim)));
  const auto collected = site.cache.GetOrMake<SiteSets>(
      key, [&] { return CollectSets(site, *frame, parameters.claim); });
  sums.AddCount(kCounts, kRows, collected->rows);
  sums.AddCount(kCounts, kCases, collected->cases);
  sums.AddCount(kCounts, kOthers, collected->others);
  sums.AddCount(kCounts, kInvalidOutcome, collected->invalid);
  sums.AddCount(kCounts, kSets, static_cast<std::int64_t>(collected->sets.size()));
  for (const MatchedSet& set : collected->sets) {
    if (set.informative()) sums.AddCount(kCounts, kInformativeSets);
    if (!set.speaks(ties)) continue;
    CLINNOVA_TRY(CheckSize(set, ties));
    AddSet(set, parameters.beta, ties, sums);
  }
  return {};
}

const federation::TypedStep<ConditionalParameters> kConditionalStep{
    "conditional_logistic.score", ConditionalLayout, ConditionalEvaluate, FrameGuard{}};

// --- the coordinator --------------------------------------------------------------------------

class ConditionalFit {
 public:
  ConditionalFit(Federation& federation, const Analysis& analysis, double level, ModelFrame frame)
      : federation_(federation),
        analysis_(analysis),
        confidence_level_(level),
        frame_(std::move(frame)) {}

  Result<Json> Run() {
    parameters_.claim = frame_.claim();
    const auto evaluate = [&](const std::vector<double>& at) { return Evaluate(at); };
    auto fit = MaximiseLikelihood(std::vector<double>(q()), evaluate);
    if (!fit) return Fail(fit);
    fit_ = std::move(*fit);
    return Report();
  }

 private:
  std::size_t q() const { return frame_.columns() - 1; }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  Result<LikelihoodAt> Evaluate(const std::vector<double>& at) {
    parameters_.beta = at;
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kConditionalStep, parameters_));
    counts_ = sums.Counts(kCounts);
    CLINNOVA_TRY(CheckCounts());
    LikelihoodAt likelihood;
    likelihood.inside = counts_[kOutside] == 0;
    likelihood.log_likelihood = sums.Number(kLogLikelihood);
    likelihood.score = sums.Numbers(kScore);
    likelihood.information = FromLowerTriangle(sums.Numbers(kInformation), q());
    return likelihood;
  }

  Result<void> CheckCounts() const {
    if (counts_[kInvalidOutcome] != 0) {
      return Fail(ErrorCode::kInvalidInput, Where() + "the outcome is neither 0 nor 1 in " +
                                                std::to_string(counts_[kInvalidOutcome]) + " rows");
    }
    if (counts_[kInformativeSets] == 0) {
      return Fail(ErrorCode::kFailed, Where() + "no set has both a case and another person");
    }
    const std::int64_t k = federation_.minimum_count();
    const std::int64_t least =
        std::min({counts_[kInformativeSets], counts_[kCases], counts_[kOthers]});
    if (least >= k) return {};
    return Fail(
        ErrorCode::kRefused,
        Where() + "fewer sets, cases or other persons than the threshold of " + std::to_string(k),
        "rare_level");
  }

  std::vector<std::string> Warnings(const std::vector<std::string>& names) const {
    std::vector<std::string> warnings;
    const std::string aliased = AliasedNames(names, fit_.aliased);
    if (!aliased.empty()) {
      warnings.push_back(
          "not estimable, because constant within every set or collinear with the terms before: " +
          aliased);
    }
    if (!fit_.converged) {
      warnings.push_back(
          "not converged: the likelihood is monotone in some coefficient, whose estimate is "
          "infinite; none is given");
    }
    return warnings;
  }

  Json Report() const {
    Coefficients terms;
    terms.confidence_level = confidence_level_;
    terms.estimates = fit_.estimate;
    terms.covariance = fit_.covariance;
    Matrix transform(q(), std::vector<double>(q()));
    for (std::size_t j = 0; j < q(); ++j) {
      terms.names.push_back(frame_.design().names()[j + 1]);
      terms.estimable.push_back(fit_.converged && !fit_.aliased[j]);
      transform[j][j] = frame_.claim().inverse_scale[j + 1];
    }
    ApplyTransform(transform, terms.estimates, terms.covariance);
    Json result;
    result["n"] = counts_[kRows];
    result["n_missing"] = frame_.n_missing();
    result["n_events"] = counts_[kCases];
    result["n_sets"] = counts_[kSets];
    result["n_informative_sets"] = counts_[kInformativeSets];
    result["converged"] = fit_.converged;
    result["warnings"] = Warnings(terms.names);
    result["terms"] = TermsJson(terms);
    for (std::size_t j = 0; j < q(); ++j) {
      result["terms"][j]["odds_ratio"] =
          terms.estimable[j] ? NumberJson(std::exp(terms.estimates[j])) : Json(nullptr);
    }
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    AddFit(result);
    return result;
  }

  void AddFit(Json& result) const {
    const auto number = [&](double value) {
      return fit_.converged ? NumberJson(value) : Json(nullptr);
    };
    const auto parameters = static_cast<double>(fit_.rank);
    result["log_lik_null"] = NumberJson(fit_.log_likelihood_at_start);
    result["log_lik"] = number(fit_.log_likelihood);
    result["aic"] = number(-2 * fit_.log_likelihood + 2 * parameters);
    result["bic"] = number(-2 * fit_.log_likelihood +
                           std::log(static_cast<double>(counts_[kCases])) * parameters);
    result["iterations"] = fit_.iterations;
    result["formula"] = frame_.formula().text();
    result["ties"] = analysis_.Text("ties", "exact").value_or("");
    result["conf_level"] = confidence_level_;
    result["ratio"] = "odds ratio";
  }

  Federation& federation_;
  const Analysis& analysis_;
  double confidence_level_;
  ModelFrame frame_;
  ConditionalParameters parameters_;
  NewtonFit fit_;
  std::vector<std::int64_t> counts_;
};

Result<Json> RunConditionalLogistic(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const SetTies ties, TiesOf(analysis));
  if (analysis.Has("weights") && ties == SetTies::kExact) {
    return analysis.Wrong("weights",
                          "the exact likelihood of a set knows no weights: expected "
                          "ties = \"efron\" or \"breslow\"");
  }
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  if (formula.clusters().empty()) {
    return analysis.Wrong("formula", "expected strata(set), which names the matched sets");
  }
  if (formula.response().kind != table::Response::Kind::kNumeric) {
    return analysis.Wrong("formula", "expected an outcome of 0 and 1 before ~");
  }
  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
  if (!frame.design().intercept()) {
    return analysis.Wrong("formula", "every set has its own intercept already: expected no - 1");
  }
  return ConditionalFit(federation, analysis, level, std::move(frame)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "ties", "weights"};

}  // namespace

Method ConditionalLogisticMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kConditionalStep);
  return {"conditional_logistic", "logistic regression within matched sets", kOptions,
          std::move(steps), RunConditionalLogistic};
}

}  // namespace clinnova::stats
