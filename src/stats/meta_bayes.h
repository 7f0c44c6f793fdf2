// SPDX-License-Identifier: Apache-2.0
// Bayesian random-effects meta-analysis, exact but for the integration over tau: sites' estimates are normal about the
// site's truth, truths are normal(mu, tau^2), mu has a normal prior and tau a half-normal one.
//
//   model = "bayes"
//   prior_mean = 0, prior_sd = 2, tau_scale = 0.5      # the defaults, those of OHDSI's EvidenceSynthesis
//
// Given tau, mu is normal with precision P = 1 / prior_sd^2 + [w] and mean (prior_mean / prior_sd^2 + [w y]) / P, w = 1 / (v + tau^2), and
// the likelihood of tau is known in closed form, so that one round of four sums at each node of a quadrature
// over tau gives the posterior: no Markov chain, no approximation but the quadrature's (relative 1e-10).
// Sources: C. Röver, J. Stat. Softw. 93(6) (2020), section 2; M. J. Schuemie et al., J. Am. Med. Inform. Assoc. 29 (2022).
//
// Reveals, to the hub: [w], [w (y - c)], [w (y - c)^2], [ln w] at each node, which determine the estimates as a set,
// though not whose is which (meta_analysis.h).
#pragma once

#include <vector>

namespace clinnova::stats {

struct MetaPriors {
  double mean = 0;
  double sd = 2;
  double tau_scale = 0.5;
};

/// A node of Gauss and Legendre's quadrature on [-1, 1].
struct Legendre {
  double node;
  double weight;
};
std::vector<Legendre> LegendreNodes(int n);

/// Sums over estimates at one tau.
struct TauNode {
  double tau = 0;
  double weight = 0;  ///< of the quadrature
  double w = 0;
  double wy = 0;
  double wyy = 0;
  double log_w = 0;
};

/// The nodes of the quadrature over tau, dense where small variances matter: [0, 9 tau_scale] in eleven panels.
std::vector<TauNode> TauNodes(const MetaPriors& priors, int per_panel = 20);

struct Posterior {
  double mean = 0;
  double sd = 0;
  double median = 0;
  double low = 0;  ///< equal-tailed
  double high = 0;
};

/// The posterior of tau from the probabilities of the nodes, which are TauNodes'.
Posterior TauPosterior(const std::vector<TauNode>& nodes, const std::vector<double>& probabilities,
                       const MetaPriors& priors, double level);

struct MetaPosterior {
  Posterior mu;
  Posterior tau;
  Posterior prediction;  ///< the truth of a further site
};

/// The posterior, from nodes whose sums are filled in, y being measured from `center`; `level` of the intervals.
MetaPosterior PosteriorOf(const std::vector<TauNode>& nodes, const MetaPriors& priors,
                          double center, double level);

}  // namespace clinnova::stats
