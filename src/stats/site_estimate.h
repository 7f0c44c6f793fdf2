// SPDX-License-Identifier: Apache-2.0
// What each site estimates by itself for a meta-analysis: one term of another method, fitted on its own rows alone.
//
//   CLINNOVA_ASSIGN(auto mine, SiteEstimatesOf(site, what));     // at the site: {estimate, variance}, or nothing
//
// The fit is the method's own (glm, cox, …), run over a federation of this one site, so that it equals R's fit to that
// site's rows. Reveals nothing: it never leaves the site; meta_steps.h says what does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// What is estimated. Part of the parameters of steps; the rest is in the approved analysis.
struct EstimateRequest {
  std::string term;  ///< empty where the table's rows are estimates
  FrameClaim claim;  ///< of the analysis that is fitted

  template <class A>
  void Fields(A& a) {
    a(term);
    a(claim);
  }
};

struct SiteEstimate {
  double estimate = 0;
  double variance = 0;
};

/// The analysis that sites fit: the one named by `analysis`, or this one as a glm or (Surv) cox.
Result<federation::Analysis> FittedAnalysis(const federation::Analysis& analysis);

/// True when the rows of the tables are themselves estimates: `estimate` and `std_error` name columns.
bool RowsAreEstimates(const federation::Analysis& analysis);

/// The rules on the frame of the analysis that sites fit; nothing where the rows are estimates themselves.
Result<void> HoldEstimates(const federation::SiteView& site, const EstimateRequest& request);

/// The guard of steps with such a request.
struct EstimateGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules(); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    return HoldEstimates(site, parameters.request);
  }
};

/// This site's estimates: one or none, or one per complete row. None when the model cannot be fitted here (a factor with
/// one level is an error, as in R's glm), the site has fewer rows than its threshold,
/// the fit does not converge, or the term cannot be estimated there, also because nobody is at the factor's reference level.
Result<std::shared_ptr<const std::vector<SiteEstimate>>> SiteEstimatesOf(
    const federation::SiteView& site, const EstimateRequest& request);

}  // namespace clinnova::stats
