// SPDX-License-Identifier: Apache-2.0
// The Bayesian random-effects meta-analysis of meta_bayes.h with sites' own profile likelihoods (site_profile.h) in place of
// normal ones: for few outcomes, where an estimate and its error say too little or a site has none.
//
//   model = "bayes"
//   likelihood = "profile"       # "normal" is the default
//
// Each site integrates its likelihood over its own effect, normal(mu, tau^2), on a grid of tau and, for each tau, of the mu
// that matter; the sum over sites of the logarithms is all that travels. Between the points of the grid the sum is the polynomial through them, in mu at
// Chebyshev's points and in tau as in meta_bayes.h; mu's points are doubled until the polynomial's end is below 1e-9.
// Source: M. J. Schuemie et al., J. Am. Med. Inform. Assoc. 29 (2022).
//
// Reveals, to the hub: at how many sites the term has a likelihood; the sum over these of the logarithm of the marginal
// likelihood at each point of the grid. As tau goes to 0 that is the sum of the profile likelihoods.
#pragma once

#include <cstdint>

#include "federation/federation.h"
#include "stats/meta_bayes.h"
#include "stats/site_estimate.h"

namespace clinnova::stats {

struct MetaProfileParameters {
  EstimateRequest request;
  std::vector<double> taus;
  std::vector<double> mus;  ///< as many for each tau, one tau after the other

  template <class A>
  void Fields(A& a) {
    a(request);
    a(taus);
    a(mus);
  }
};
extern const federation::TypedStep<MetaProfileParameters> kMetaProfileStep;

struct ProfilePosterior {
  std::int64_t sites =
      0;  ///< that have a likelihood; where there are fewer than `fewest`, nothing else is filled in
  Posterior mu;
  Posterior tau;
  bool converged = true;  ///< false when the grid was not fine enough
};

/// Several rounds: the grid closes in on where the posterior is.
Result<ProfilePosterior> PosteriorOfProfiles(federation::Federation& federation,
                                             const federation::Analysis& analysis,
                                             const EstimateRequest& request,
                                             const MetaPriors& priors, double level,
                                             std::int64_t fewest);

}  // namespace clinnova::stats
