// SPDX-License-Identifier: Apache-2.0
// A site's own log-likelihood of a logistic or Poisson model, for its profile (site_profile.h): up to a constant, with its
// gradient and second derivatives, at many coefficient vectors.
//
//   CLINNOVA_ASSIGN(const OwnOutcomes own, OwnOutcomesOf(site, frame, claim, Family::kPoisson));
//   const auto at = OutcomeLikelihood(own, beta);
//
// Rows are put in an order of their own values, so that the bits do not depend on the table's. Reveals nothing: what of
// it leaves a site is the caller's affair.
#pragma once

#include <optional>
#include <vector>

#include "federation/step.h"
#include "stats/cox_likelihood.h"
#include "stats/glm_family.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

struct OwnOutcomes {
  Family family = Family::kBinomial;  ///< kBinomial or kPoisson, with the canonical link
  std::size_t p = 0;                  ///< columns of the design
  std::vector<double> x;              ///< standardised, row after row
  std::vector<double> y;
  std::vector<double> offsets;
  double events = 0;  ///< sum of y

  /// True where the outcome tells anything: an event and, of 0/1 outcomes, somebody without one.
  bool Tell() const;
};

/// kInvalidInput for an outcome that the family does not have.
Result<OwnOutcomes> OwnOutcomesOf(const federation::SiteView& site, const SiteFrame& frame,
                                  const FrameClaim& claim, Family family);

/// At standardised coefficients of all columns; nothing where a mean is infinite.
std::optional<PartialLikelihood> OutcomeLikelihood(const OwnOutcomes& own,
                                                   const std::vector<double>& beta);

}  // namespace clinnova::stats
