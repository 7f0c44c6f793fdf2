// SPDX-License-Identifier: Apache-2.0
#include "stats/polynomial_moments.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "federation/batches.h"
#include "stats/magnitudes.h"
#include "stats/model_frame.h"
#include "table/orthogonal_polynomial.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::Rule;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::Design;
using table::DesignBatch;
using table::OrthogonalPolynomial;

/// What is known of a term before a round.
struct TermState {
  std::string term;
  std::int64_t present = 0;  ///< values of x
  std::int64_t sites = 0;    ///< that have any; told where rules hold
  double magnitude = 0;  ///< what all sites' Bound() of this round's sizes add up to, when claimed
  double center = 0;
  double inverse_scale = 1;
  std::vector<double> alphas;
  std::vector<double> norms;  ///< of the degrees below alphas.size()
  template <class A>
  void Fields(A& a) {
    a(term);
    a(present);
    a(sites);
    a(magnitude);
    a(center);
    a(inverse_scale);
    a(alphas);
    a(norms);
  }

  OrthogonalPolynomial Polynomial() const {
    OrthogonalPolynomial polynomial(center, inverse_scale, static_cast<double>(present));
    for (std::size_t j = 0; j < alphas.size(); ++j) {
      polynomial.AddAlpha(alphas[j]);
      if (j > 0) polynomial.AddNorm(norms[j]);
    }
    return polynomial;
  }
};

enum class Stage : std::uint8_t {
  kCount,   ///< how many values
  kCenter,  ///< sums of x and its squares
  kDegree   ///< sums of p^2 and u p^2 of the next degree's polynomial p
};

struct Parameters {
  Stage stage = Stage::kCount;
  bool guarded = false;  ///< disclosure rules hold
  bool claimed = false;  ///< TermState::magnitude says what the sites have together
  std::vector<TermState> terms;
  template <class A>
  void Fields(A& a) {
    a(stage);
    a(guarded);
    a(claimed);
    a(terms);
  }
};
enum Block { kPresent, kSites, kMagnitudes, kWithheld, kMoments };

Result<Layout> LayoutOf(const Analysis&, const table::Schema&, const Parameters& parameters) {
  const bool fits =
      parameters.stage <= Stage::kDegree &&
      std::all_of(parameters.terms.begin(), parameters.terms.end(),
                  [](const TermState& term) { return term.norms.size() == term.alphas.size(); });
  if (!fits) {
    return Fail(ErrorCode::kRefused, "norms that do not fit the shifts", "wrong_layout");
  }
  const std::size_t terms = parameters.terms.size();
  const std::size_t judged = parameters.guarded ? terms : 0;
  return Layout{{CountBlock("present", terms), CountBlock("sites", judged),
                 WideBlock("magnitudes", judged), CountBlock("withheld", 1),
                 WideBlock("moments", parameters.stage == Stage::kCount ? 0 : 2 * terms)}};
}

/// The terms of this site's own formula.
Result<Design> DesignWithTerms(const SiteView& site, const Parameters& parameters) {
  CLINNOVA_ASSIGN(Design design, DesignOf(site.analysis, site.table.schema, {}));
  const auto needs = design.bases_without_facts();
  for (const TermState& term : parameters.terms) {
    const bool known = std::any_of(needs.begin(), needs.end(), [&](const auto& need) {
      return need.polynomial && need.text == term.term &&
             term.alphas.size() <= static_cast<std::size_t>(need.degree);
    });
    if (!known) {
      return Fail(ErrorCode::kRefused, "no such polynomial in the formula", "unknown_term");
    }
  }
  return design;
}

/// What of a value is judged by rule 5 in a round.
double SizeOf(Stage stage, const OrthogonalPolynomial& polynomial, double x) {
  if (stage != Stage::kDegree) return x;
  const double u = polynomial.Scaled(x);
  return polynomial.degree() == 0 ? u : polynomial.Monic(u);
}

struct OwnTerm {
  std::int64_t present = 0;
  Magnitudes magnitudes;
};

/// What this site alone has.
std::vector<OwnTerm> OwnTerms(const SiteView& site, const Design& design,
                              const Parameters& parameters) {
  std::vector<OwnTerm> own(parameters.terms.size());
  DesignBatch batch;
  std::vector<double> values;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first), batch);
    for (std::size_t t = 0; t < own.size(); ++t) {
      design.BasisInput(site.table, batch, parameters.terms[t].term, values);
      const OrthogonalPolynomial polynomial = parameters.terms[t].Polynomial();
      own[t].present += static_cast<std::int64_t>(values.size());
      for (const double x : values) {
        own[t].magnitudes.See(SizeOf(parameters.stage, polynomial, x));
      }
    }
  }
  return own;
}

/// Tells what the rules are judged by, and withholds what this site's rows alone do not prove.
void AddOwn(const SiteView& site, const Design& design, const Parameters& parameters,
            ExactSums& sums) {
  bool proven = true;
  const std::vector<OwnTerm> own = OwnTerms(site, design, parameters);
  for (std::size_t t = 0; t < own.size(); ++t) {
    sums.AddCount(kSites, t, own[t].present > 0 ? 1 : 0);
    sums.Add(kMagnitudes, t, own[t].magnitudes.Bound(site.minimum_count));
    proven = proven && own[t].magnitudes.Proven(site.limits);
  }
  if (parameters.stage == Stage::kCount || parameters.claimed || proven) return;
  sums.AddCount(kWithheld, 0);
  sums.Withhold(kMoments);
}

void AddMoments(const TermState& term, std::size_t t, const std::vector<double>& values,
                Stage stage, ExactSums& sums) {
  const OrthogonalPolynomial polynomial = term.Polynomial();
  for (const double x : values) {
    if (stage == Stage::kCenter) {
      sums.Add(kMoments, 2 * t, x);
      sums.Add(kMoments, 2 * t + 1, x * x);
      continue;
    }
    const double u = polynomial.Scaled(x);
    const double p = polynomial.Monic(u);
    const double square = p * p;
    sums.Add(kMoments, 2 * t, square);
    sums.Add(kMoments, 2 * t + 1, u * square);
  }
}

Result<void> Evaluate(const SiteView& site, const Parameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const Design design, DesignWithTerms(site, parameters));
  if (parameters.guarded) AddOwn(site, design, parameters, sums);
  return federation::ForEachBatch(site.table.rows, site.threads, sums,
                                  [&](std::size_t first, std::size_t count, DesignBatch& batch,
                                      ExactSums& mine) -> Result<void> {
                                    design.Evaluate(site.table, first, count, batch);
                                    std::vector<double> values;
                                    for (std::size_t t = 0; t < parameters.terms.size(); ++t) {
                                      const TermState& term = parameters.terms[t];
                                      design.BasisInput(site.table, batch, term.term, values);
                                      mine.AddCount(kPresent, t,
                                                    static_cast<std::int64_t>(values.size()));
                                      if (parameters.stage != Stage::kCount)
                                        AddMoments(term, t, values, parameters.stage, mine);
                                    }
                                    return {};
                                  });
}

/// Rules 1 and 11 on what the count round told.
Result<void> CheckTerm(const TermState& term, int minimum_count, const table::Schema& schema,
                       const federation::DisclosureLimits& limits) {
  if (term.present < minimum_count) {
    return Fail(
        ErrorCode::kRefused,
        term.term + " has values of fewer than " + std::to_string(minimum_count) + " persons",
        "cohort_below_threshold");
  }
  if (!federation::TooFewSites(term.sites, schema, limits)) return {};
  return Fail(ErrorCode::kRefused, term.term + " has values at too few sites", "few_contributors");
}

Result<void> Hold(const SiteView& site, const Parameters& parameters) {
  if (!parameters.guarded) {
    return Fail(ErrorCode::kRefused, "sums before the rules' counts", "unguarded_step");
  }
  if (parameters.stage == Stage::kCount) return {};  // counts, and bounds of sums of sizes
  if (parameters.stage == Stage::kCenter && !parameters.claimed) {
    return Fail(ErrorCode::kRefused, "sums without the claim of their sizes", "wrong_layout");
  }
  CLINNOVA_ASSIGN(const Design design, DesignWithTerms(site, parameters));
  const std::vector<OwnTerm> own = OwnTerms(site, design, parameters);
  for (std::size_t t = 0; t < own.size(); ++t) {
    const TermState& term = parameters.terms[t];
    if (own[t].present > term.present) {
      return Fail(ErrorCode::kRefused, "a count below what this site alone has", "false_claim");
    }
    CLINNOVA_TRY(CheckTerm(term, site.minimum_count, site.table.schema, site.limits));
    if (parameters.claimed) {
      CLINNOVA_TRY(HoldDominance(own[t].magnitudes, term.magnitude, site));
    }
  }
  return {};
}

const TypedStep<Parameters> kStep{
    "frame.polynomial", LayoutOf, Evaluate,
    federation::Guard<Parameters>{{Rule::kCohort, Rule::kDominance, Rule::kContributors}, Hold}};

/// A norm that keeps less of the one before it is rounding: the polynomial is 0 at every value.
constexpr double kNoNorm = 1e-24;

/// Asks for one round after the other, and turns sums into coefficients.
class PolynomialSearch {
 public:
  PolynomialSearch(Federation& federation, const Analysis& analysis)
      : federation_(federation), analysis_(analysis) {
    parameters_.guarded = federation.minimum_count() > 0;
  }

  Result<void> Find(const std::vector<Design::BasisNeed>& needs, table::DesignFacts& facts) {
    for (const Design::BasisNeed& need : needs) {
      parameters_.terms.push_back({.term = need.text, .alphas = {}, .norms = {}});
      degrees_.push_back(static_cast<std::size_t>(need.degree));
    }
    CLINNOVA_TRY(FindCenters());
    parameters_.stage = Stage::kDegree;
    while (!parameters_.terms.empty()) {
      CLINNOVA_ASSIGN(const PooledSums sums, Moments());
      for (std::size_t t = 0; t < parameters_.terms.size(); ++t) {
        CLINNOVA_TRY(AddDegree(parameters_.terms[t], sums.Number(kMoments, 2 * t),
                               sums.Number(kMoments, 2 * t + 1)));
      }
      TakeFinished(facts);
    }
    return {};
  }

 private:
  std::string Where(const TermState& term) const {
    return "analysis \"" + analysis_.name() + "\": " + term.term;
  }

  Result<void> FindCenters() {
    CLINNOVA_ASSIGN(const PooledSums counts, Round());
    for (std::size_t t = 0; t < parameters_.terms.size(); ++t) {
      TermState& term = parameters_.terms[t];
      term.present = counts.Count(kPresent, t);
      if (term.present <= static_cast<std::int64_t>(degrees_[t])) return TooFewValues(term);
      if (!parameters_.guarded) continue;
      term.sites = counts.Count(kSites, t);
      term.magnitude = counts.Number(kMagnitudes, t);
      const auto allowed =
          CheckTerm(term, federation_.minimum_count(), federation_.schema(), federation_.limits());
      if (!allowed) return FailAt("analysis \"" + analysis_.name() + "\"", allowed);
    }
    parameters_.stage = Stage::kCenter;
    parameters_.claimed = parameters_.guarded;
    CLINNOVA_ASSIGN(const PooledSums sums, Round());
    for (std::size_t t = 0; t < parameters_.terms.size(); ++t) {
      TermState& term = parameters_.terms[t];
      const auto n = static_cast<double>(term.present);
      term.center = sums.Number(kMoments, 2 * t) / n;
      const double mean_square = sums.Number(kMoments, 2 * t + 1) / n;
      // Only a power of two near the spread: what rounding leaves of it does no harm.
      const double variance =
          std::max(mean_square - term.center * term.center, 1e-14 * mean_square);
      if (variance > 0) term.inverse_scale = std::ldexp(1.0, -ExponentOf(std::sqrt(variance)));
    }
    return {};
  }

  /// A round; a refusal says which terms it is about, and what else there is.
  Result<PooledSums> Round() {
    auto sums = federation_.Sum(analysis_, kStep, parameters_);
    if (sums || sums.error().code != ErrorCode::kRefused) return sums;
    std::string terms;
    for (const TermState& term : parameters_.terms) {
      terms += (terms.empty() ? "" : ", ") + term.term;
    }
    return FailAt("analysis \"" + analysis_.name() + "\": " + terms +
                      " (with raw = TRUE its sums are not needed)",
                  sums);
  }

  /// A round of this degree's sums; again with the claim of sizes where a site withheld.
  Result<PooledSums> Moments() {
    parameters_.claimed = false;
    CLINNOVA_ASSIGN(PooledSums sums, Round());
    if (sums.Count(kWithheld) == 0) return sums;
    for (std::size_t t = 0; t < parameters_.terms.size(); ++t) {
      parameters_.terms[t].magnitude = sums.Number(kMagnitudes, t);
    }
    parameters_.claimed = true;
    return Round();
  }

  Result<void> AddDegree(TermState& term, double norm, double shifted) const {
    if (!term.norms.empty() && !(norm > kNoNorm * term.norms.back())) return TooFewValues(term);
    term.norms.push_back(norm);
    term.alphas.push_back(shifted / norm);
    return {};
  }

  tl::unexpected<Error> TooFewValues(const TermState& term) const {
    return Fail(ErrorCode::kFailed,
                Where(term) + ": found no more distinct values than its degree, expected more");
  }

  /// Terms whose last norm is known leave the search.
  void TakeFinished(table::DesignFacts& facts) {
    std::vector<TermState> open;
    std::vector<std::size_t> degrees;
    for (std::size_t t = 0; t < parameters_.terms.size(); ++t) {
      TermState& term = parameters_.terms[t];
      if (term.norms.size() <= degrees_[t]) {
        open.push_back(std::move(term));
        degrees.push_back(degrees_[t]);
        continue;
      }
      term.alphas.pop_back();  // of a degree that is not asked for
      OrthogonalPolynomial polynomial = term.Polynomial();
      polynomial.AddNorm(term.norms.back());
      facts.polynomials[term.term] = polynomial.Coefficients();
    }
    parameters_.terms = std::move(open);
    degrees_ = std::move(degrees);
  }

  Federation& federation_;    // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  Parameters parameters_;
  std::vector<std::size_t> degrees_;  ///< of parameters_.terms
};

}  // namespace

Result<void> FindPolynomials(Federation& federation, const Analysis& analysis, const Design& design,
                             table::DesignFacts& facts) {
  std::vector<Design::BasisNeed> needs = design.bases_without_facts();
  std::erase_if(needs, [](const Design::BasisNeed& need) { return !need.polynomial; });
  if (needs.empty()) return {};
  return PolynomialSearch(federation, analysis).Find(needs, facts);
}

std::vector<const federation::Step*> PolynomialSteps() { return {&kStep}; }

}  // namespace clinnova::stats
